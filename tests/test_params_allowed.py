"""What params.yaml may say, and what it means."""

import re
import warnings
from dataclasses import FrozenInstanceError
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from superposition.exact.ops import POWERS, Activation
from superposition.features.groups import groups, parents
from superposition.models.toy_model import TARGETS
from superposition.params import PRESETS, Model, ParamsError, axes, read
from superposition.params.models import LOSS_POWERS
from tests.documents import DOCUMENT, changed, faults, intro, write

ROOT = Path(__file__).parent.parent


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "params.yaml"


@pytest.mark.parametrize(
    ("written", "labels"),
    [
        (0.9, ["0.9"]),
        (0, ["0"]),
        ([0.9, 0, 0.5], ["0.9", "0", "0.5"]),
        # Densities 1, 0.1 and 0.01: a factor of 10^-1 each.
        ({"start": 0.0, "stop": 0.99, "num": 3, "spacing": "log"}, ["0", "0.9", "0.99"]),
        # Densities 1, 10^-0.5 = 0.31622776602, 0.1: and 1 - 0.3162277660 (10 digits) = 0.6837722340.
        ({"start": 0, "stop": 0.9, "num": 3, "spacing": "log"}, ["0", "0.683772234", "0.9"]),
        # Steps of 0.1, although 0.1 + 0.2 is not 0.3 in binary.
        ({"start": 0.1, "stop": 0.4, "num": 4}, ["0.1", "0.2", "0.3", "0.4"]),
        ({"start": 0.8, "stop": 0.0, "num": 2, "spacing": "linear"}, ["0.8", "0"]),
    ],
)
def test_sparsities_that_all_features_share(file: Path, written: Any, labels: list[str]) -> None:
    points = intro(file, ("sparsity", written)).sparsities
    assert [point.label for point in points] == labels
    assert [point.uniform for point in points] == [float(label) for label in labels]
    assert [point.per_feature for point in points] == [(float(label),) * 3 for label in labels]


def test_sparsities_per_feature_are_known_by_their_values(file: Path) -> None:
    near, far = {"per_feature": [0.9, 0.9, 0.5]}, {"per_feature": [0.9, 0.9, 0]}
    points = intro(file, ("sparsity", [near, 0.9, far])).sparsities
    assert [point.label for point in points] == ["per feature 0.9, 0.9, 0.5", "0.9", "per feature 0.9, 0.9, 0"]
    assert [point.uniform for point in points] == [None, 0.9, None]
    assert points[0].per_feature == (0.9, 0.9, 0.5)
    # A label does not depend on the other points of the axis.
    assert intro(file, ("sparsity", far)).sparsities[0] == points[2]


def test_long_lists_have_short_labels_that_tell_them_apart(file: Path) -> None:
    first, second = [0.5] * 20, [0.5] * 19 + [0.6]
    axis = [{"listed": first}, {"listed": second}]
    points = intro(file, ("n_features", 20), ("importance", axis)).importances
    assert all(re.fullmatch(r"listed 0\.5, 0\.5, 0\.5, \.\.\. #[0-9a-f]{8}", point.label) for point in points)
    assert points[0].label != points[1].label


@pytest.mark.parametrize(
    ("written", "label", "curve"),
    [
        (1, "1", (1.0, 1.0, 1.0)),
        (0.5, "0.5", (0.5, 0.5, 0.5)),
        ({"geometric": 0.7}, "0.7^i", (1.0, 0.7, 0.49)),
        ({"geometric": 2}, "2^i", (1.0, 2.0, 4.0)),
        ({"geometric": 1 / 3}, "0.3333333333^i", (1.0, 0.3333333333, 0.1111111111)),  # to 10 digits
        ({"listed": [1, 0.5, 10]}, "listed 1, 0.5, 10", (1.0, 0.5, 10.0)),
        ({"last": 0.1}, "last 0.1", (1.0, 1.0, 0.1)),
    ],
)
def test_importance_curves(file: Path, written: Any, label: str, curve: tuple[float, ...]) -> None:
    (point,) = intro(file, ("importance", written)).importances
    assert (point.label, point.curve) == (label, curve)


def test_importance_axes(file: Path) -> None:
    # Equal ratios: 0.1 * 100^(i/4) = 0.1, 0.316..., 1, 3.16..., 10.
    log = {"start": 0.1, "stop": 10, "num": 5, "spacing": "log"}
    labels = ["0.1", "0.316227766", "1", "3.16227766", "10"]
    assert [point.label for point in intro(file, ("importance", log)).importances] == labels
    mixed = [{"geometric": 0.9}, 2, {"listed": [3, 2, 1]}]
    labels = ["0.9^i", "2", "listed 3, 2, 1"]
    assert [point.label for point in intro(file, ("importance", mixed)).importances] == labels


@pytest.mark.parametrize(
    ("written", "seeds"),
    [(3, (0, 1, 2)), ([7, 0], (7, 0)), ({"start": 10, "stop": 40, "num": 4}, (10, 20, 30, 40))],
)
def test_seeds(file: Path, written: Any, seeds: tuple[int, ...]) -> None:
    assert intro(file, ("seeds", written)).seeds == seeds


def test_models(file: Path) -> None:
    mine = {"name": "mine", "hidden": "relu", "hidden_bias": True}
    models = intro(file, ("model", ["absolute_value", mine, "linear"])).models
    assert [model.name for model in models] == ["absolute_value", "mine", "linear"]
    # What an own model leaves out is as in relu_output.
    assert models[1] == PRESETS["relu_output"].model_copy(update=mine)
    assert models[0] == Model(name="absolute_value", tied=False, hidden="relu", output="relu", target="absolute")
    assert intro(file, ("model", mine)).models == (models[1],)
    # Only tied models that are linear on h are limited to n_features hidden dimensions: not those of "Computation in
    # Superposition" (n = 3, m = 6), nor those with a ReLU there, nor those whose penalty on |h| tells neurons apart.
    for wide in ("absolute_value", "relu_hidden", {"name": "mine", "hidden_l1": 0.1}):
        assert intro(file, ("model", wide), ("n_hidden", 6)).n_hidden == 6
    assert all(name == model.name for name, model in PRESETS.items())


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ("constant", "constant"),
        ({"exponential": 5.0}, "exponential 5"),
        ({"power_law": {"exponent": 2.5, "least": 0.01}}, "power_law 2.5 0.01"),
        ({"normal": 3.0}, "normal 3"),
        ({"half_normal": 2.25}, "half_normal 2.25"),
        ({"unit_length": "signed"}, "signed of unit length"),
        ({"unit_length": {"exponential": 5.0}}, "exponential 5 of unit length"),
    ],
)
def test_laws_of_values(file: Path, values: Any, words: str) -> None:
    assert intro(file, ("values", values)).values == words


def test_sets(file: Path) -> None:
    points = intro(file, ("sets", ["independent", {"correlated": 3}, {"anticorrelated": 3}])).sets
    assert [(point.kind, point.size) for point in points] == [
        ("independent", 1),
        ("correlated", 3),
        ("anticorrelated", 3),
    ]
    assert points[1].label == "correlated in sets of 3"
    family = {"parents": [None, 0, 1], "active": 0.5}
    (line,) = faults(file, ("experiments.intro.sets", [family | {"inactive": zero} for zero in (0.0, -0.0)]))
    assert line == "experiments.intro.sets[1]: must differ from the other points of the axis; it repeats [0]"


def test_a_set_has_one_sparsity(file: Path) -> None:
    own = ("experiments.intro.sparsity", {"per_feature": [0.1, 0.1, 0.2]})
    (line,) = faults(file, own, ("experiments.intro.sets", {"anticorrelated": 3}))
    assert line.startswith("experiments.intro.sets = 'anticorrelated in sets of 3': must keep features of different")
    mixed = {"groups": [{"independent": 1}, {"anticorrelated": 2}]}
    (line,) = faults(file, own, ("experiments.intro.sets", mixed))
    assert line.startswith("experiments.intro.sets = 'independent 1, anticorrelated 2': must keep features of")
    # Of a correlated set, some may be active in a part of the samples only.
    assert intro(file, ("sparsity", own[1]), ("sets", {"correlated": 3})).sets[0].size == 3


def test_sets_of_several_kinds(file: Path) -> None:
    mixed = {"groups": [{"correlated": 2, "times": 2}, {"anticorrelated": 3}, {"independent": 2}]}
    (point,) = intro(file, ("n_features", 9), ("sets", mixed)).sets
    assert (point.kind, point.size) == ("2 x correlated 2, anticorrelated 3, independent 2", 0)
    assert point.label == point.kind
    assert [features for _, features in point.exclusive(9)] == [range(4, 7)]
    assert groups(point.kind, point.size, 9) == [
        *[("correlated", 2)] * 2,
        ("anticorrelated", 3),
        *[("independent", 1)] * 2,
    ]
    # What is alike throughout is the same point as where it is written shortly.
    alike = [{"groups": [{"independent": 3}]}, {"groups": [{"correlated": 3}]}]
    assert [(point.kind, point.size) for point in intro(file, ("sets", alike)).sets] == [
        ("independent", 1),
        ("correlated", 3),
    ]
    (line,) = faults(file, ("experiments.intro.sets", ["independent", alike[0]]))
    assert "it repeats [0]" in line
    (line,) = faults(file, ("experiments.intro.sets", mixed))
    assert line == "experiments.intro.sets.groups: must be of n_features = 3 features together, not 9"


def test_sets_of_which_so_many_are_active(file: Path) -> None:
    def points(written: Any, n: int = 6) -> list[tuple[str, int, str]]:
        return [(p.kind, p.size, p.label) for p in intro(file, ("n_features", n), ("sets", written)).sets]

    assert points({"exactly": 2}) == [("exactly 2", 6, "exactly 2 in sets of 6")]
    assert points({"exactly": 2, "of": 3}) == [("exactly 2", 3, "exactly 2 in sets of 3")]
    mixed = {"groups": [{"exactly": 2, "of": 3, "times": 2}, {"independent": 1}]}
    assert points(mixed, 7) == [("2 x exactly 2 in 3, independent 1", 0, "2 x exactly 2 in 3, independent 1")]
    assert groups("2 x exactly 2 in 3, independent 1", 0, 7) == [*[("exactly 2", 3)] * 2, ("independent", 1)]
    # One and all of them are what has a name already.
    assert points([{"exactly": k, "of": 3} for k in (1, 2, 3)]) == [
        ("anticorrelated", 3, "anticorrelated in sets of 3"),
        ("exactly 2", 3, "exactly 2 in sets of 3"),
        ("correlated", 3, "correlated in sets of 3"),
    ]
    own = ("experiments.intro.sparsity", {"per_feature": [0.1, 0.1, 0.2]})
    (line,) = faults(file, own, ("experiments.intro.sets", {"exactly": 2}))
    assert line.startswith("experiments.intro.sets = 'exactly 2 in sets of 3': must keep features of different")


def test_features_on_rings(file: Path) -> None:
    def points(written: Any, n: int) -> list[tuple[str, int, str]]:
        found = intro(file, ("n_features", n), ("sparsity", [0.8, 0.95]), ("sets", written)).sets
        return [(p.kind, p.size, p.label) for p in found]

    label = "ring of width 2.5 in sets of 12"
    assert points(["independent", {"ring": 12, "width": 2.5}], 24)[1] == ("ring of width 2.5", 12, label)
    words = "2 x ring of width 1.25 in 6, independent 1"
    mixed = {"groups": [{"ring": 6, "width": 1.25, "times": 2}, {"independent": 1}]}
    assert points(mixed, 13) == [(words, 0, words)]
    assert groups(words, 0, 13) == [*[("ring of width 1.25", 6)] * 2, ("independent", 1)]
    # A density that a width leaves room for just so
    assert intro(file, ("n_features", 12), ("sparsity", 0.5), ("sets", {"ring": 12, "width": 3.0})).sets[0].size == 12
    own = ("experiments.intro.sparsity", {"per_feature": [0.9, 0.9, 0.8]})
    (line,) = faults(file, own, ("experiments.intro.sets", {"ring": 3, "width": 1.0}))
    assert line.startswith("experiments.intro.sets = 'ring of width 1 in sets of 3': must keep features of different")


def test_samples_that_are_never_empty(file: Path) -> None:
    tree = {"parents": [None, 0, 1], "active": 0.5, "inactive": 0.0}
    inner = [
        "independent",
        {"correlated": 3},
        {"exactly": 2},
        {"groups": [{"exactly": 2, "of": 2}, {"independent": 1}]},
    ]
    found = intro(file, ("sparsity", 0.9), ("sets", [*({"never_empty": one} for one in (*inner, tree)), *inner])).sets
    assert [point.label for point in found] == [
        "independent, never empty",
        "correlated in sets of 3, never empty",
        "exactly 2 in sets of 3, never empty",
        "correlated 2, independent 1, never empty",
        "parents - 0 1, active 0.5 0.5, inactive 0 0, never empty",
        "independent",
        "correlated in sets of 3",
        "exactly 2 in sets of 3",
        "correlated 2, independent 1",
    ]
    plain, with_parents = found[5:], parents(found[4].kind)
    assert [groups(one.kind, one.size, 3) for one in found[:4]] == [groups(one.kind, one.size, 3) for one in plain]
    assert with_parents is not None
    assert with_parents.of == (-1, 0, 1)
    assert with_parents.inactive == (0.0, 0.0, 0.0)


def test_densities_that_fall_as_a_power(file: Path) -> None:
    law = {"power_law": {"exponent": 1.0, "total": 1.1}}
    (point,) = intro(file, ("sparsity", law)).sparsities
    # 1 + 1/2 + 1/3 = 11/6: densities of 0.6, 0.3, 0.2
    assert (point.label, point.uniform, point.per_feature) == ("power law 1, total 1.1", None, (0.4, 0.7, 0.8))
    (even,) = intro(file, ("sparsity", {"power_law": {"exponent": 0.0, "total": 0.3}})).sparsities
    assert (even.uniform, even.per_feature) == (0.9, (0.9,) * 3)
    for total, found in ((2.0, "the first one is 1.091"), (1e-7, "the last 1.818e-08")):
        own = {"power_law": {"exponent": 1.0, "total": total}}
        (line,) = faults(file, ("experiments.intro.sparsity", own))
        assert line.startswith(f"experiments.intro.sparsity.power_law.total = {total}: must keep all densities between")
        assert found in line


@pytest.mark.parametrize("exponent", [-0.123456789, -1.0, -1.5, -8.0, 0.0])
def test_powers_of_many_numbers_take_those_of_primes(exponent: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is the float that is nearest to the power, as if it were computed by itself."""
    assert list(axes._powers(500, exponent)) == [axes._power(float(i), exponent) for i in range(1, 501)]
    assert axes._powers(1, exponent) == (1.0,)
    raised: list[int] = []
    context = axes._DIGITS

    def power(base: Decimal, exponent: Decimal) -> Decimal:
        raised.append(int(base))
        return context.power(base, exponent)

    monkeypatch.setattr(axes, "_DIGITS", SimpleNamespace(power=power, multiply=context.multiply))
    axes._powers.__wrapped__(30, exponent)
    assert raised == [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]


def test_the_last_feature_may_have_a_sparsity_of_its_own(file: Path) -> None:
    axis = {"last": {"start": 0.0, "stop": 0.99, "num": 3, "spacing": "log"}, "others": 0.95}
    points = intro(file, ("sparsity", axis)).sparsities
    assert [point.per_feature for point in points] == [(0.95, 0.95, 0.0), (0.95, 0.95, 0.9), (0.95, 0.95, 0.99)]
    assert points[1].label == "last 0.9, others 0.95"
    assert points[1].uniform is None


def test_full_scale_replaces_what_it_names(file: Path) -> None:
    own = ("experiments.intro.training", {"steps": 100, "batch_size": 8})
    larger = ("experiments.intro.full_scale", {"seeds": 7, "training": {"steps": 500}, "sparsity": [0.1, 0.2]})
    shown = [
        read(write(file, changed(own, larger, ("scale", scale)))).experiments["intro"] for scale in ("default", "full")
    ]
    assert [len(experiment.seeds) for experiment in shown] == [5, 7]
    assert [len(experiment.sparsities) for experiment in shown] == [1, 2]
    assert [experiment.training.steps for experiment in shown] == [100, 500]
    assert [experiment.training.batch_size for experiment in shown] == [8, 8]


@pytest.mark.parametrize(
    ("larger", "said"),
    [
        ([1], "experiments.intro.full_scale = [1]: must be a mapping of the keys that differ"),
        ({"seeds": 0}, "experiments.intro.full_scale.seeds = 0: must be a whole number of seeds"),
        ({"seed": 3}, "experiments.intro.full_scale.seed = 3: is an unknown key; did you mean seeds?"),
        ({"training": {"steps": 0}}, "experiments.intro.full_scale.training.steps = 0: must be a whole number"),
        ({"training": 5}, "experiments.intro.full_scale.training = 5: must be a mapping of training settings"),
        ({"sparsity": {"per_feature": [0]}}, "experiments.intro.full_scale.sparsity.per_feature = [0.0]: must hold"),
        ({"full_scale": {}}, "experiments.intro.full_scale.full_scale = {}: is an unknown key"),
        ({"n_hidden": 4}, "experiments.intro.full_scale.n_hidden = 4: must be at most n_features = 3"),
    ],
)
@pytest.mark.parametrize("scale", ["default", "full"])
def test_full_scale_is_checked_at_either_scale(file: Path, larger: Any, said: str, scale: str) -> None:
    (line,) = faults(file, ("scale", scale), ("experiments.intro.full_scale", larger))
    assert line.startswith(said)


def test_a_fault_of_the_block_is_not_blamed_on_full_scale(file: Path) -> None:
    changes = ("experiments.intro.n_hidden", 9), ("experiments.intro.full_scale", {"seeds": 3})
    (line,) = faults(file, *changes)
    assert line.startswith("experiments.intro.n_hidden = 9")


def test_float32_has_no_exactness_budget(file: Path) -> None:
    shape = [("n_features", 10240), ("n_hidden", 1024), ("seeds", 2)]
    assert intro(file, *shape, ("training", {"arithmetic": "float32"})).n_features == 10240


def test_an_experiment_overrides_the_defaults_key_by_key(file: Path) -> None:
    experiment = intro(
        file,
        ("initial", {"gain": 2}),
        ("training", {"steps": 100, "betas": [0, 0.99], "sample_size": 2048}),
        ("sparsity", {"per_feature": [0.1, 0.2, 0.3]}),
        ("title", "A title"),
    )
    assert (experiment.initial.rule, experiment.initial.gain) == ("xavier", 2.0)
    expected = DOCUMENT["defaults"]["training"] | {"steps": 100, "betas": (0.0, 0.99), "sample_size": 2048}
    assert experiment.training.model_dump() == expected
    assert (experiment.title, experiment.section) == ("A title", "")
    other = read(file).experiments["other"]
    assert other.training.model_dump() == DOCUMENT["defaults"]["training"] | {"betas": (0.9, 0.999)}
    assert [point.label for point in other.sparsities] == ["0"]
    assert (other.title, other.seeds, other.values, other.held_out) == ("Other", (0, 1, 2, 3, 4), "unit", 8192)


def test_an_axis_is_not_merged_with_the_default_of_another_form(file: Path) -> None:
    log = {"start": 0.0, "stop": 0.9, "num": 3, "spacing": "log"}
    document = changed(("defaults.sparsity", log), ("experiments.intro.sparsity", {"start": 0.5, "num": 2}))
    with pytest.raises(ParamsError) as caught:
        read(write(file, document))
    assert [fault.path for fault in caught.value.faults] == ["experiments.intro.sparsity.stop"]


def test_params_are_frozen(file: Path) -> None:
    params = read(write(file, DOCUMENT))
    experiment = params.experiments["intro"]
    for thing, key in [
        (params, "seed"),
        (experiment, "n_features"),
        (experiment.training, "steps"),
        (experiment.initial, "gain"),
        (experiment.models[0], "tied"),
        (experiment.sparsities[0], "uniform"),
        (experiment.importances[0], "curve"),
    ]:
        with pytest.raises((ValidationError, FrozenInstanceError), match=r"frozen|assign"):
            setattr(thing, key, getattr(thing, key))


def test_training_settings_are_plain_json(file: Path) -> None:
    settings = intro(file).training_settings()
    assert settings["training"] == DOCUMENT["defaults"]["training"]
    assert settings["initial"] == {"rule": "xavier", "gain": 1.0, "bias": 0.0, "hidden_bias": 0.0}
    assert (settings["n_features"], settings["n_hidden"]) == (3, 2)
    assert settings["models"] == [PRESETS["relu_output"].model_dump()]
    decay = {"weights": -1.0, "biases": 0.5}
    with warnings.catch_warnings(action="error"):  # pydantic warns of what it takes for another form
        assert (
            intro(file, ("training", {"weight_decay": decay})).training_settings()["training"]["weight_decay"] == decay
        )
    assert "mixing" not in settings["models"][0]  # so that worlds of models without are what they were
    mixed = intro(file, ("model", {"name": "mine", "mixing": {"embedding": 100}})).training_settings()
    assert mixed["models"][0]["mixing"] == {"embedding": 100, "scale": 1.0}


def test_powers_activations_and_targets_are_those_that_models_have() -> None:
    fields = Model.model_fields
    assert LOSS_POWERS == POWERS
    assert get_args(fields["hidden"].annotation) == get_args(fields["output"].annotation) == get_args(Activation)
    assert get_args(fields["target"].annotation) == tuple(TARGETS)
