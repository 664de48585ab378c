"""Tests of differences."""
