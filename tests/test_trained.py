"""Trained models as measures run them: outputs and targets are those of the module that was trained."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from superposition.models.toy_model import ToyModel
from tests.hand_made import trained_model
from tests.worlds import ABSOLUTE, BOUNDED, CLIPPED, GELU, HIDDEN, LEAKY, LINEAR, RECTIFYING, RELU

FORMS = [RELU, LINEAR, HIDDEN, ABSOLUTE, RECTIFYING, LEAKY, CLIPPED, GELU, BOUNDED]


@pytest.mark.parametrize("form", FORMS, ids=lambda a: a.name)
def test_outputs_and_targets_are_those_of_the_module(form):
    random = np.random.default_rng(0)
    W, V, b, c, x = (
        np.round(random.uniform(-1, 1, shape) * 2**16) / 2**16 for shape in ((4, 6), (6, 4), (6,), (4,), (6, 50))
    )
    form = replace(form, output_bias=True, hidden_bias=True)
    module = ToyModel(form, 1, 6, 4, torch.float64).requires_grad_(False)
    for name, parameter in module.named_parameters():
        parameter.copy_(torch.from_numpy({"W": W, "W_out": V, "b": b, "b_hidden": c}[name]))
    fields = {key: getattr(form, key) for key in ("hidden", "output", "target", "negative_slope")}
    model = trained_model(W, W_out=W.T if form.tied else V, b=b, b_hidden=c, **fields)
    wanted = torch.from_numpy(x).unsqueeze(0)
    np.testing.assert_array_equal(model.encode(x), module.encode(wanted)[0])
    np.testing.assert_array_equal(model.outputs(x), module(wanted)[0])
    np.testing.assert_array_equal(model.wanted(x), module.target(wanted)[0])
