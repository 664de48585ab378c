"""The checks of layer 2, one file each."""
