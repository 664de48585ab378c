"""What changed between two states of a project, by factor and by meaning."""
