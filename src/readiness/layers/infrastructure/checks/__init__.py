"""The checks of layer 1, one file each."""
