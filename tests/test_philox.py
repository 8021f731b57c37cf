"""Random words: the published vectors, and that a word depends on its key and counter alone."""

import pytest
import torch

from superposition.exact.philox import WORD, philox4x32, stream_key, words

# From kat_vectors of Random123 (Salmon et al. 2011): rounds, counter, key, words.
PI = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)
ONES = (WORD - 1,) * 4, (WORD - 1,) * 2
ZEROS = (0,) * 4, (0,) * 2
PUBLISHED = [
    (7, *ZEROS, (0x5F6FB709, 0x0D893F64, 0x4F121F81, 0x4F730A48)),
    (7, *ONES, (0x5207DDC2, 0x45165E59, 0x4D8EE751, 0x8C52F662)),
    (7, *PI, (0x4DFCCABA, 0x190A87F0, 0xC47362BA, 0xB6B5242A)),
    (10, *ZEROS, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    (10, *ONES, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (10, *PI, (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
]


@pytest.mark.parametrize(("rounds", "counter", "key", "expected"), PUBLISHED)
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_published_vectors(rounds, counter, key, expected, compiled):
    # Compiled code once got this wrong: a product that overflows a signed integer is undefined in C++.
    generate = torch.compile(philox4x32, dynamic=False) if compiled else philox4x32
    drawn = generate(tuple(torch.tensor([c]) for c in counter), tuple(torch.tensor([k]) for k in key), rounds)
    assert tuple(word.item() for word in drawn) == expected


def test_row_is_a_word_of_its_block():
    # Row 6 is word 2 of block 1, at sample 3 of step 9.
    key = torch.tensor([[5, 7]])
    counter = tuple(torch.tensor([c]) for c in (1, 3, 9, 0))
    expected = philox4x32(counter, (key[:, 0], key[:, 1]))[2]
    assert words(key, 8, torch.arange(4), torch.tensor(9))[0, 6, 3] == expected


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 9])
def test_a_word_does_not_depend_on_what_else_is_drawn(rows):
    keys = torch.tensor([stream_key({"instance": i}) for i in range(3)])
    everything = words(keys, 12, torch.arange(10), torch.tensor(2))
    assert torch.equal(words(keys, rows, torch.arange(10), torch.tensor(2)), everything[:, :rows])
    assert torch.equal(words(keys[1:2], rows, torch.tensor([7]), torch.tensor(2)), everything[1:2, :rows, 7:8])


def test_steps_samples_rows_and_keys_differ():
    keys = torch.tensor([stream_key({"instance": i}) for i in range(5)])
    drawn = torch.stack([words(keys, 20, torch.arange(50), torch.tensor(step)) for step in range(4)])
    # 20000 words of 32 bits: 20000^2 / 2^33 = 0.05 collisions are to be expected by chance
    assert drawn.unique().numel() >= drawn.numel() - 2
    assert drawn.min() >= 0
    assert drawn.max() < WORD


def test_keys_depend_on_names_only():
    assert stream_key({"seed": 0, "purpose": "x"}) == stream_key({"purpose": "x", "seed": 0})
    assert stream_key({"seed": 0, "purpose": "x"}) != stream_key({"seed": 1, "purpose": "x"})
    with pytest.raises(ValueError, match="not JSON compliant"):
        stream_key({"sparsity": float("nan")})
