"""What should be found: formulas and geometry that trained models are compared with.

Needs numpy only. Results have the same bits on every machine, by superposition.exact.
"""
