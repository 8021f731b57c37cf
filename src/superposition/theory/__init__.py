"""What should be found: formulas and geometry that trained models are compared with. Needs numpy only."""
