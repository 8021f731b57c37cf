"""Toy Models of Superposition (Elhage et al. 2022) as a pipeline that gives the same bits on every machine."""
