"""Answers questions about PostgreSQL from its documentation, with sources and a confidence, or says that it cannot."""
