"""How far attacks raise the loss ("Superposition and Adversarial Robustness").

`norm` is the L2 norm of the perturbation; losses are means over features of equal importance.
"""

import numpy as np
from jaxtyping import Float

from superposition.exact.sums import interpolate

# 1 / (1 - S): vulnerability to attacks of a tenth of the mean input's norm, and features per dimension ||W||_F^2 / m;
# read off the figure, to about 3%. There is no formula.
READ_OFF = {
    1.0: (1.05, 1.02), 1.25: (1.22, 1.09), 1.5: (1.67, 1.21), 1.6: (1.84, 1.32), 1.75: (2.5, 1.61), 2.0: (3.2, 1.86),
    2.25: (3.35, 1.94), 2.5: (3.31, 1.98), 3.0: (3.17, 2.01), 3.4: (3.3, 2.08), 4.0: (4.2, 2.45), 5.0: (5.75, 2.96),
    6.0: (6.6, 3.36), 7.0: (7.1, 3.78), 8.0: (7.6, 4.23), 9.0: (8.05, 4.57), 10.0: (8.4, 4.85),
}  # fmt: skip


def linear_excess(norm: Float[np.ndarray, " model"], n_features: int) -> Float[np.ndarray, " model"]:
    """What an attack adds to the loss of the linear model without superposition: norm^2 / n.

    Its W^T W is a projection P, and its bias the mean of what P leaves out. A perturbation along a column of P is in
    P's range, so it comes out as it went in; the model's error, (I - P)(x - E[x]), is orthogonal to it.
    """
    return norm * norm / n_features


def read_off(x: Float[np.ndarray, " point"]) -> Float[np.ndarray, " point"]:
    """The figure's vulnerability at x = 1 / (1 - S) from 1 to 10, linear between the points read, constant beyond."""
    return interpolate(x, list(READ_OFF), [vulnerability for vulnerability, _ in READ_OFF.values()])
