"""Where training takes its batches from: a stream of fresh samples, or one finite sample gone through in order.

Both answer `batch(step, samples)`: the values of the chosen samples of one step, so that a batch can be had in parts,
and a run resumed at a step, without drawing what came before.
"""

from jaxtyping import Float, Int64
from torch import Tensor, nn

from superposition.exact.philox import words
from superposition.features.distribution import Distribution


class Stream(nn.Module):
    """Fresh samples at every step, each instance from its own stream."""

    keys: Tensor

    def __init__(self, keys: Int64[Tensor, "instance 2"], distribution: Distribution) -> None:
        super().__init__()
        self.distribution = distribution
        self.register_buffer("keys", keys, persistent=False)

    def batch(
        self, step: Int64[Tensor, ""], samples: Int64[Tensor, " sample"]
    ) -> Float[Tensor, "instance feature sample"]:
        return self.distribution(words(self.keys, self.distribution.draws, samples, step))


class FiniteSample(nn.Module):
    """The same T samples over and over, in order: step s takes those from s * batch_size on, modulo T."""

    drawn: Tensor

    def __init__(
        self, drawn: Int64[Tensor, "instance draw total"], batch_size: int, distribution: Distribution
    ) -> None:
        super().__init__()
        self.batch_size, self.distribution = batch_size, distribution
        self.register_buffer("drawn", drawn, persistent=False)

    def batch(
        self, step: Int64[Tensor, ""], samples: Int64[Tensor, " sample"]
    ) -> Float[Tensor, "instance feature sample"]:
        chosen = (step * self.batch_size + samples) % self.drawn.shape[-1]
        return self.distribution(self.drawn.index_select(-1, chosen))


Source = Stream | FiniteSample
