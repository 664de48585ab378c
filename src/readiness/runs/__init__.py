"""Use cases: what a command does, independent of how it is asked for and shown."""
