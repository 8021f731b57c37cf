"""Random words that depend on what they are for, never on who asked first: Philox 4x32 (Salmon et al. 2011).

A stream is known by a 64-bit key, made from names (seed, experiment, instance, purpose); a word in it by its counter
(step, sample, feature). So an instance sees the same data alone, in any ensemble, in any part of a batch, on any
device, and resuming at a step costs nothing.

J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

import hashlib
import json
from collections.abc import Mapping

import torch
from jaxtyping import Int64
from torch import Tensor

# The multipliers and key increments of Philox 4x32 (Salmon et al. 2011, section 3 and Random123's philox.h).
MULTIPLIER = (0xD2511F53, 0xCD9E8D57)
INCREMENT = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 7  # the fewest with which 4x32 passes BigCrush (Salmon et al. 2011, table 2); 10 cost half as much again
WORD = 2**32
_MASK = WORD - 1

Words = tuple[Tensor, Tensor, Tensor, Tensor]


def stream_key(names: Mapping[str, object]) -> tuple[int, int]:
    """The two 32-bit key words of the stream that `names` describe (any JSON values; their order does not matter)."""
    text = json.dumps(names, sort_keys=True, separators=(",", ":"), allow_nan=False)
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")


def philox4x32(counter: Words, key: tuple[Tensor, Tensor], rounds: int = ROUNDS) -> Words:
    """Four random 32-bit words for each counter of four words; all int64 tensors in [0, 2^32) that broadcast."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(rounds):
        (high0, low0), (high1, low1) = _product(c0, MULTIPLIER[0]), _product(c2, MULTIPLIER[1])
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + INCREMENT[0]) & _MASK, (k1 + INCREMENT[1]) & _MASK
    return c0, c1, c2, c3


def _product(word: Tensor, multiplier: int) -> tuple[Tensor, Tensor]:
    """High and low word of the 64-bit product of two 32-bit words.

    The product would overflow a signed integer, which C++ compilers take to be impossible, and then compute something
    else. Less 2^32 the multiplier is a negative number of 31 bits, and the word that is missing is added afterwards.
    """
    product = word * (multiplier - WORD)
    return (product >> 32) + word, product & _MASK


def words(
    keys: Int64[Tensor, "instance 2"], rows: int, samples: Int64[Tensor, " sample"], step: Int64[Tensor, ""]
) -> Int64[Tensor, "instance {rows} sample"]:
    """One random 32-bit word for each row (a feature, say) of each sample, at one step of each instance's stream.

    Row r is word r % 4 of the counter (r // 4, sample, step, 0). Samples come last, so that a vector unit works along
    them however few features there are.
    """
    blocks = -(-rows // 4)
    # Masked, which changes nothing but what PyTorch's compiler makes of it: a bare index it multiplies in 32 bits, and
    # the words of all blocks from the third on come out wrong (2.11 on CUDA; pytorch issues 175966 and 183901).
    block = (torch.arange(blocks, device=keys.device) & _MASK).view(1, -1, 1).expand(len(keys), -1, -1)
    counter = (block, samples.view(1, 1, -1), step.view(1, 1, 1), torch.zeros_like(step).view(1, 1, 1))
    drawn = philox4x32(counter, (keys[:, 0].view(-1, 1, 1), keys[:, 1].view(-1, 1, 1)))
    return torch.stack(drawn, 2).flatten(1, 2)[:, :rows]
