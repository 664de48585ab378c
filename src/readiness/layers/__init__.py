"""The layers of the sequence, each resting only on those below it."""
