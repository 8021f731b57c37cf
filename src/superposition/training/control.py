"""A control variate for the gradient: that of the model without its output ReLU, whose expectation is known.

Where features are dense, most outputs lie where a ReLU is linear, and what a batch says of them is mostly noise: a
feature that is not represented yet gets a gradient of products of its own chance values with hidden ones. The gradient
of the linear model on the same batch has the same noise. So

    gradient of the batch - linear gradient of the batch + expected linear gradient

has the same expectation with less of it (Glasserman 2003, "Monte Carlo Methods in Financial Engineering", section 4.1).
For tied models y = relu(W^T W x + b), and independent features of means mu, variances v and one importance, which is
left out here, half of the expected gradient of a sample's summed squared error is, with the mean error r,

    r = (W^T W - 1) mu + b                                            of b
    (W W^T W - W) diag(v) + W diag(v) (W^T W - 1) + W r mu^T + W mu r^T     of W.

Where features are sparse most outputs are cut off, and the batch's own gradient has less noise than that difference.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from superposition.exact.adamw import MOMENT_BITS
from superposition.exact.grids import ERROR, GRAM, HIDDEN, HIDDEN_GRADIENT, MEAN, WEIGHT
from superposition.exact.ops import round_to, shorten, squared_error, weights
from superposition.features.values import moments


class LinearControl(nn.Module):
    """For the instances that are `used`; the others' gradients stay as they are.

    `values` is the law of active features, of which `expected_value` and `variance` follow. `factor` is what stands
    before half of the expected gradient above, in the unit of a batch's gradients: twice the importance times the
    number of samples.
    """

    expected_value: Tensor
    variance: Tensor
    factor: Tensor
    used: Tensor

    def __init__(
        self,
        density: Float[Tensor, "instance feature"],
        values: str,
        used: Bool[Tensor, " instance"],
        factor: Float[Tensor, " instance"],
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        of_active, of_square = moments(values)
        mean = density * of_active
        self.register_buffer("expected_value", round_to(mean, MEAN).to(dtype), persistent=False)
        self.register_buffer(
            "variance", shorten(density * of_square - mean * mean, MOMENT_BITS).to(dtype), persistent=False
        )
        self.register_buffer("factor", factor.to(dtype), persistent=False)
        self.register_buffer("used", used, persistent=False)

    def loss(
        self,
        sums: Float[Tensor, "instance feature sample"],
        target: Float[Tensor, "instance feature sample"],
        importance: Float[Tensor, "instance feature"],
    ) -> Float[Tensor, " instance"]:
        """The loss of the linear model, whose outputs are `sums`, over a batch."""
        return squared_error(torch.where(self.used.view(-1, 1, 1), sums, target), target, importance)

    def expected(
        self, W: Float[Tensor, "instance hidden feature"], b: Float[Tensor, "instance feature"] | None
    ) -> tuple[Float[Tensor, "instance hidden feature"], Float[Tensor, "instance feature"]]:
        """The expected gradients of that loss, of W and of b; 0 where it is not used.

        All products that are added to something are exact, and so are the sums.
        """
        W = weights(W)
        mu, v = self.expected_value.unsqueeze(-1), self.variance.unsqueeze(1)
        hidden = round_to(torch.bmm(W, mu), HIDDEN)  # [instance, hidden, 1]
        error = torch.bmm(W.mT, hidden) - mu
        error = round_to(error if b is None else error + weights(b).unsqueeze(-1), ERROR)  # [instance, feature, 1]
        back = round_to(torch.bmm(W, error), HIDDEN_GRADIENT)
        scaled = round_to(W * v, WEIGHT)
        through = torch.bmm(round_to(torch.bmm(W, W.mT), GRAM), W) - W
        across = torch.bmm(round_to(torch.bmm(scaled, W.mT), GRAM), W) - scaled
        half = (shorten(through, MOMENT_BITS) * v + across) + (back * mu.mT + hidden * error.mT)
        factor = self.factor.view(-1, 1, 1)
        of_W, of_b = (shorten(term * factor, MOMENT_BITS) for term in (half, error))
        used = self.used.view(-1, 1, 1)
        return torch.where(used, of_W, 0.0), torch.where(used, of_b, 0.0)[..., 0]
