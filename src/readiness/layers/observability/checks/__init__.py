"""The checks of layer 4, one file each."""
