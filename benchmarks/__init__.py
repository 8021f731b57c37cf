"""How fast the pipeline is and what memory it takes, as ratios within one run wherever machines would differ."""
