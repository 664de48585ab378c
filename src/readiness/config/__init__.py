"""`readiness.toml` as frozen settings, with file and line for everything that is wrong in it."""
