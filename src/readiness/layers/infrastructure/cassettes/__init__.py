"""Cassettes: what crossed the boundary of a run recorded once, and later runs answered from it without network or keys."""
