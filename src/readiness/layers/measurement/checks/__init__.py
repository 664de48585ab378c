"""The checks of layer 5, one file each."""
