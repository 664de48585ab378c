"""An agent that pays money back: a model asks for tools, and policies decide which of them run."""
