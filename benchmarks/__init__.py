"""How fast training is, as ratios within one run."""
