"""Stand-alone programs that run inside the sandbox, under the interpreter of the judged project."""
