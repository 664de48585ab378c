"""Attacks on demos: what is drawn, what is planted, what is found."""
