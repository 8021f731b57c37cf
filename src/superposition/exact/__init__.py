"""Arithmetic that gives the same bits on every processor: in training no sum ever rounds, elsewhere the order is fixed.

Of training, `grids` says how many bits each quantity may use, `philox` draws random numbers, `ops` holds the
differentiable sums and products, `adamw` the optimiser, `schedule` its tables. Of all else, `functions`, `sums` and
`linear` are what numpy, PyTorch and SciPy do not promise the bits of.
"""
