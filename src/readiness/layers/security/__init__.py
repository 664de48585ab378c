"""Codified security: secrets are absent, a run gives none away, and nobody unnamed is answered."""
