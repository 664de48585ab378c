"""Layer 3, understood data: every dataset has a contract, every contract holds, and every clause of it can fail."""
