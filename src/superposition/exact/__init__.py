"""Arithmetic in which no sum ever rounds, so that training gives the same bits on every processor.

`grids` says how many bits each quantity may use, `philox` draws random numbers, `ops` holds the differentiable sums
and products, `adamw` the optimiser, `schedule` its tables, and `selfcheck` tells whether this machine agrees.
"""
