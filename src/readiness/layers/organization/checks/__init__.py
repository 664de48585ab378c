"""The conditions on approval, one file each."""
