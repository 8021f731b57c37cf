"""What the toy models see: sparse features, drawn sample by sample from exact streams or kept as a finite sample."""
