"""Who owns, who decides, who can stop it; it has no check yet."""
