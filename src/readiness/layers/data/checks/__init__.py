"""The checks of layer 3, one file each."""
