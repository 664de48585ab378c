"""Observable processing; it has no check yet."""
