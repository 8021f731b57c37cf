"""The toy models, written as plain PyTorch modules on exact sums."""
