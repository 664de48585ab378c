"""What touches the outside: processes, the sandbox, environments, git, files and the clock."""
