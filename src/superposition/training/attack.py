"""Adversarial training: every sample is attacked along a random feature's direction before the model sees it.

"Superposition and Adversarial Robustness" of Elhage et al. 2022. The target stays the clean sample. The attack uses the
weights of the step, and the gradient does not go through it.
"""

from jaxtyping import Float, Int64
from torch import Tensor, nn

from superposition.exact.ops import weights
from superposition.exact.philox import WORD, words
from superposition.models.attacks import attacked, attacks


class Attack(nn.Module):
    """On samples of an ensemble; `norm` is the perturbation's L2 norm, `keys` are those of the features' stream."""

    keys: Tensor
    norm: Tensor

    def __init__(self, keys: Int64[Tensor, "instance 2"], norm: Float[Tensor, " instance"]) -> None:
        super().__init__()
        self.register_buffer("keys", keys, persistent=False)
        self.register_buffer("norm", norm, persistent=False)

    def forward(
        self,
        x: Float[Tensor, "instance feature sample"],
        W: Float[Tensor, "instance hidden feature"],
        samples: Int64[Tensor, " sample"],
        step: Int64[Tensor, ""],
    ) -> Float[Tensor, "instance feature sample"]:
        n = x.shape[1]
        feature = words(self.keys, 1, samples, step) * n // WORD
        return attacked(x, attacks(weights(W), self.norm).gather(2, feature.expand(-1, n, -1)))
