import numpy as np
import pytest

from superposition.readings.motifs import AsymmetricSuperposition, asymmetric_superposition


def network(inputs=(2.0, -0.5), outputs=(0.5, 2.0), heard=0.25, inhibition=-8.0):
    """Three features on five neurons: both halves of feature 1, one of feature 2, and the motif of the paper.

    Neuron 4 stores features 2 and 3 by the paper's weights, and neuron 5 is the missing half of feature 1, hears
    feature 2 and inhibits feature 3.
    """
    W = np.zeros((5, 3))
    W[0, 0], W[1, 1], W[2, 2] = 1, -1, 1
    W[3, 1:] = inputs
    W[4, :2] = -1, heard
    W_out = np.zeros((3, 5))
    W_out[0, 0] = W_out[1, 1] = W_out[2, 2] = W_out[0, 4] = 1
    W_out[1:, 3] = outputs
    W_out[2, 4] = inhibition
    return W, W_out


def test_finds_the_papers_motif():
    # Own paths |2| x 1/2 = |-1/2| x 2 = 1; across, 2 x 2 = 4 on feature 3 and 1/2 x 1/2 = 1/4 on feature 2.
    motif = AsymmetricSuperposition(neuron=3, interfering=1, victim=2, inhibitor=4)
    assert asymmetric_superposition(*network()) == [motif]


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": (1.0, -1.0), "outputs": (1.0, 1.0)},  # symmetric: each interferes with the other alike
        {"inputs": (2.0, -1.0), "outputs": (0.5, 1.0)},  # a ratio of 2, and no more
        {"inputs": (2.0, -0.1)},  # feature 3's own path is 1/10 x 2
        {"outputs": (0.5, -2.0)},  # feature 3's output is the wrong way
        {"inhibition": 8.0},
        {"inhibition": -2.0},  # no more than twice the output to its own feature
        {"heard": 0.0},  # the inhibitor does not hear feature 2
        {"heard": -0.25},  # it does when feature 2 has the other sign
    ],
)
def test_what_lacks_a_part_is_not_the_motif(change):
    assert asymmetric_superposition(*network(**change)) == []


def test_neurons_may_be_scaled_exchanged_and_have_the_other_sign():
    W, W_out = network()
    scale = np.array([1, 2, 0.5, 4, 0.125])
    found = asymmetric_superposition(W * scale[:, None], W_out / scale)
    assert found == asymmetric_superposition(W, W_out)
    turned = asymmetric_superposition(-W[::-1], W_out[:, ::-1])
    assert turned == [AsymmetricSuperposition(neuron=1, interfering=1, victim=2, inhibitor=0)]


def test_of_two_inhibitors_the_stronger_counts():
    W, W_out = network()
    W[1, 1], W_out[2, 1] = 1, -3.0  # hears all of feature 2: -3 on feature 3, and neuron 5 does 1/4 x -8 = -2
    assert [motif.inhibitor for motif in asymmetric_superposition(W, W_out)] == [1]


def test_monosemantic_and_empty_networks_have_none():
    pairs = np.kron(np.eye(3), [[1.0], [-1.0]])
    assert asymmetric_superposition(pairs, np.abs(pairs).T) == []
    assert asymmetric_superposition(np.zeros((4, 3)), np.zeros((3, 4))) == []
