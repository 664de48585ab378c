"""Standards and file formats: parse and emit only, nothing is opened or run here."""
