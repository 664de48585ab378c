"""The store of evidence beyond files; nothing needs one yet."""
