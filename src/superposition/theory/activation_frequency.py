"""What a dimension saves of the loss for each time that it is active ("The Strategic Picture of Superposition").

Of features of density s that matter alike. Where computation costs something only for neurons that are active, as in
a mixture of experts, loss saved over activations is what counts. A dimension with a feature of its own is active with
probability s; one that a digon shares, if either feature is.
"""

import numpy as np
from jaxtyping import Float

from superposition.theory.losses import antipodal, ignored

Curve = Float[np.ndarray, " density"]


def dedicated(density: Curve) -> Curve:
    """(s/3 - s^2/4) / s."""
    return ignored(density, np.ones_like(density)) / density


def digon(density: Curve) -> Curve:
    """(2 (s/3 - s^2/4) - s^2/3) / (1 - (1 - s)^2)."""
    one = np.ones_like(density)
    saved = 2 * (ignored(density, one) - antipodal(density, one))
    return saved / (2 * density - density * density)
