"""Tests of the refund agent."""
