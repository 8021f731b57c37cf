"""Results of an experiment in Python, of one that was computed for these tests."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import superposition
from superposition.measures import parameters
from superposition.measures.trained import to_grid, trained_models
from superposition.models.mixing import mixing_of
from superposition.params.measures import Measures
from superposition.results import NotThere, load
from superposition.results.dictionary import ARRAYS, HISTORY, TABLES, WORLDS, of_measures
from superposition.selfcheck.tables import made
from tests.checkout import computed

ROOT = Path(__file__).parent.parent
EXPERIMENT = {
    "model": [
        "relu_output",
        {
            "name": "other",
            "tied": False,
            "hidden": "relu",
            "output": "linear",
            "output_bias": False,
            "hidden_bias": True,
        },
    ],
    "n_features": 4,
    "n_hidden": [2, 3],
    "sparsity": [0.0, {"last": 0.5, "others": 0.9}],
    "importance": [1.0, {"geometric": 0.5}],
    "seeds": [3, 5],
    "held_out": 256,
    "training": {"steps": 40, "batch_size": 64, "learning_rate": 0.03, "snapshots": 3},
    "measures": {"rotations": {"count": 19, "samples": 32}},
}
OTHER = {
    "seeds": 1,
    "training": EXPERIMENT["training"] | {"sample_size": 64},
    "measures": {"ablations": {"samples": 8}},
}
LAWS = {
    "model": {"name": "mixed", "tied": False, "hidden": "relu", "target": "products", "mixing": {"gaussian": 0.1}},
    "n_features": 4,
    "n_hidden": 3,
    "sparsity": 0.6,
    "sets": [{"exactly": 2}, {"ring": 4, "width": 1.0}, {"never_empty": "independent"}],
    "values": "constant",
    "seeds": 1,
    "held_out": 8192,
    "training": {"steps": 400, "batch_size": 256, "learning_rate": 0.01, "snapshots": 2},
}
INSTANCES = 2 * 2 * 2 * 2 * 2


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    experiments = {"small": EXPERIMENT, "other": EXPERIMENT | OTHER, "laws": LAWS}
    return computed(tmp_path_factory.mktemp("checkout"), experiments)


@pytest.fixture(scope="module")
def result(checkout):
    return load("small", checkout)


def test_tables_settings_and_axes(checkout, result):
    tables = checkout / "data/tables/small"
    names = [file.stem for file in tables.glob("*.parquet")]
    assert set(names) >= {
        "instances",
        "features",
        "weights",
        "hidden",
        "history",
        "learning",
        "trajectories",
        "rotations",
    }
    for name in names:
        pd.testing.assert_frame_equal(result.table(name), pd.read_parquet(tables / f"{name}.parquet"))
    for name in set(names) - {"rotations"}:
        assert getattr(result, name) is result.table(name)
        assert getattr(type(result), name).__doc__
    assert result.settings.training.steps == 40
    assert result.settings.models[1].hidden_bias
    assert result.settings.measures.rotations.count == 19
    assert result.axes == {
        "model": ["relu_output", "other"],
        "n_hidden": [2, 3],
        "sparsity": [0.0, "last 0.5, others 0.9"],
        "importance": [1.0, "0.5^i"],
        "sets": ["independent"],
        "seed": [3, 5],
    }
    assert "small: 32 models, 4 features" in repr(result)


def test_every_model_has_its_own_weights(checkout, result):
    """In files, instances of a model have places of their own; in tables they are numbered over all models."""
    files = checkout / "data/trained/small/weights"
    seen = []
    for name in ("relu_output", "other"):
        own = sorted(result.models(model=name), key=lambda model: model.instance)
        W = np.load(files / f"{name}.W.npy")
        assert len(own) == len(W) == INSTANCES / 2
        for place, model in enumerate(own):
            m = model.n_hidden
            np.testing.assert_array_equal(model.W, W[place, :m])
            assert model.W.shape == (m, 4)
            if name == "relu_output":
                np.testing.assert_array_equal(model.W_out, model.W.T)
                np.testing.assert_array_equal(model.b, np.load(files / "relu_output.b.npy")[place])
                assert model.b_hidden is None
            else:
                np.testing.assert_array_equal(model.W_out, np.load(files / "other.W_out.npy")[place, :, :m])
                np.testing.assert_array_equal(model.b_hidden, np.load(files / "other.b_hidden.npy")[place, :m])
                assert model.b is None
            seen.append(model.instance)
    assert seen == list(range(INSTANCES))


def test_a_table_is_described(result):
    for name in ("instances", "weights", "rotations"):
        described = result.describe(name)
        assert described.index.tolist() == result.table(name).columns.tolist()
        assert (described["meaning"] != "").all()
    assert "lowest" in result.describe("instances").loc["best", "meaning"]


def types(table: pd.DataFrame) -> dict[str, str]:
    return {str(column): str(dtype) for column, dtype in table.dtypes.items()}


def test_every_file_is_in_the_dictionary_as_it_is(checkout):
    """Tables by their columns and types, arrays by their axes and types; of experiments with and without measures."""
    tables = {table.file: table for table in (*TABLES.values(), *of_measures().values(), *WORLDS.values(), HISTORY)}
    arrays = {array.file: array for array in ARRAYS}
    seen = set()
    for name in ("small", "other"):
        for file in [*(checkout / "data").rglob("*.parquet"), *(checkout / "data").rglob("*.npy")]:
            path = file.relative_to(checkout).as_posix()
            if f"/{name}/" not in path:
                continue
            key = path.replace(f"/{name}/", "/NAME/").replace("relu_output.", "MODEL.").replace("other.", "MODEL.")
            seen.add(key)
            if file.suffix == ".parquet":
                assert types(pd.read_parquet(file)) == {c.name: c.dtype for c in tables[key].columns}, path
            else:
                array = np.load(file)
                assert str(array.dtype) == arrays[key].dtype, path
                assert array.ndim == arrays[key].shape.count(",") + 1, path
    not_here = of_measures().keys() - EXPERIMENT["measures"].keys() - OTHER["measures"].keys()
    assert seen == (tables.keys() | arrays.keys()) - {of_measures()[name].file for name in not_here}


def test_models_of_other_laws_and_targets(checkout):
    """They are judged by the law and the target that they were trained on, and compare with them when called."""
    found = load("laws", checkout)
    assert found.settings.values == "constant"  # noqa: PD011 (no pandas object)
    assert found.axes["sets"] == ["exactly 2 in sets of 4", "ring of width 1 in sets of 4", "independent, never empty"]
    last = found.history.groupby("instance")["loss"].last()
    for model, sets in zip(found.models(), LAWS["sets"], strict=True):
        assert found.best(sets=sets).instance == model.instance
        assert model.loss == pytest.approx(last[model.instance], rel=0.1)
    x = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 1.0, 0.0]])
    mixing = mixing_of(LAWS["model"]["mixing"], 4, model.row["stream"])
    wanted = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]) + x @ mixing.T
    np.testing.assert_allclose(model.module.target(torch.tensor(x.T[None]))[0].mT, wanted, atol=1e-12)


def test_what_only_some_experiments_have_is_in_the_dictionary():
    """The tables that the self-check makes, of all measures that there are."""
    found = made("linear") | made("relu")
    tables = TABLES | of_measures()
    assert found.keys() == tables.keys()
    assert of_measures().keys() == Measures.model_fields.keys() - {"attack"}  # which is a column of all
    for name, table in found.items():
        own = {column.name: column.dtype for column in tables[name].columns}
        assert types(table) == own, name


def test_models_have_their_coordinates_and_losses(result):
    for model in result.models():
        row = result.instances.set_index("instance").loc[model.instance]
        assert (model.seed, model.loss, model.rank) == (row["seed"], row["loss"], row["rank"])
        own = result.features[result.features["instance"] == model.instance]
        np.testing.assert_array_equal(model.density, own["density"])
        np.testing.assert_array_equal(model.importance, own["importance"])
        assert (model.sparsity is None) == (row["sparsity_label"] == "last 0.5, others 0.9")


@pytest.mark.parametrize(
    ("point", "count"),
    [
        ({}, INSTANCES),
        ({"seed": 3}, INSTANCES / 2),
        ({"seed": [3, 5]}, INSTANCES),
        ({"seed": np.array([3, 5])}, INSTANCES),
        ({"sparsity": 0}, INSTANCES / 2),
        ({"density": np.float64(1.0)}, INSTANCES / 2),
        ({"sparsity": {"last": 0.5, "others": 0.9}}, INSTANCES / 2),
        ({"sparsity": "last 0.5, others 0.9", "n_hidden": 3}, INSTANCES / 4),
        ({"sparsity": [0.0, {"last": 0.5, "others": 0.9}]}, INSTANCES),
        ({"importance": {"geometric": 0.5}, "model": "other"}, INSTANCES / 4),
        ({"importance": "0.5^i", "model": ["other", "relu_output"]}, INSTANCES / 2),
        ({"importance": 1, "sets": "independent", "n_hidden": 2, "sparsity": 0.0, "model": "other", "seed": 5}, 1),
    ],
)
def test_models_at_values_on_axes(result, point, count):
    found = result.models(**point)
    assert len(found) == count
    assert [(model.row["point"], model.rank) for model in found] == sorted(
        (model.row["point"], model.rank) for model in found
    )
    if "seed" in point:
        assert {model.seed for model in found} <= set(np.atleast_1d(point["seed"]))


def test_the_best_of_a_point(result):
    point = {"model": "other", "n_hidden": 2, "sparsity": 0.0, "importance": 1.0}
    both = result.models(**point)
    assert [model.rank for model in both] == [0, 1]
    best = result.best(**point)
    assert best.loss == min(model.loss for model in both)
    assert best.instance == both[0].instance
    (other,) = {3, 5} - {best.seed}
    assert result.best(**point, seed=other).rank == 1


def test_outputs_are_those_of_the_measure_stage_to_the_last_bit(checkout, result):
    world, trained = checkout / "data/worlds/small", checkout / "data/trained/small"
    architectures = json.loads((world / "training.json").read_text(encoding="utf-8"))["models"]
    read = parameters.read(trained, [architecture["name"] for architecture in architectures])
    expected = trained_models(result.instances, pd.read_parquet(world / "features.parquet"), read, architectures)
    x = to_grid(np.random.default_rng(0).random((7, 4)))
    for model in result.models():
        own = expected[model.instance]
        np.testing.assert_array_equal(model(x), own.outputs(x.T).T)
        np.testing.assert_array_equal(model.encode(x), own.encode(x.T).T)


def test_data_of_any_shape_arrays_and_tensors(result):
    model = result.models(model="other", n_hidden=3)[0]
    x = np.random.default_rng(1).random((2, 3, 4))
    y = model(x)
    assert isinstance(y, np.ndarray)
    assert y.shape == (2, 3, 4)
    assert model.encode(x).shape == (2, 3, 3)
    np.testing.assert_array_equal(model(x[1, 2]), y[1, 2])
    h = np.maximum(x @ model.W.T + model.b_hidden, 0)
    np.testing.assert_allclose(y, h @ model.W_out.T, atol=1e-4)  # hidden values are rounded to 2^-16
    tensor = torch.tensor(x, requires_grad=True)
    out = model(tensor)
    np.testing.assert_array_equal(out.detach().numpy(), y)
    out.sum().backward()
    assert tensor.grad.shape == (2, 3, 4)
    assert model(torch.eye(4)).dtype == torch.float64
    assert model(np.array([1, 0, 0, 0])).shape == (4,)


def test_data_that_a_model_cannot_take_is_refused(result):
    model = result.models()[0]
    with pytest.raises(ValueError, match=r"data of shape \[3, 5\]: the last axis must have n_features = 4"):
        model(np.zeros((3, 5)))
    with pytest.raises(ValueError, match="last axis"):
        model(np.array(0.5))
    with pytest.raises(ValueError, match=r"hidden values leave the range that models compute in, -32 to 32"):
        model(np.eye(4) * 1e4)
    assert np.isnan(model(np.full(4, np.nan))).all()


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ({"sparsty": 0}, "no axis sparsty: there are model, n_hidden, .*; did you mean sparsity?"),
        ({"sparsity": 0.1}, "no model with sparsity 0.1: there are 0, last 0.5, others 0.9; did you mean 0?"),
        ({"density": 0.9}, "no model with density 0.9: there are 1; did you mean 1?"),
        ({"density": "thin"}, "density = 'thin': must be a number above 0"),
        ({"sparsity": 2.0}, "sparsity = 2.0: must be a number, at least 0 and below 1"),
        ({"sparsity": {"start": 0.0, "stop": 0.5, "num": 3}}, "must be one value, or a list of values"),
        ({"importance": "0.4^i"}, r"no model with importance 0.4\^i: there are 1, 0.5\^i; did you mean 0.5\^i?"),
        ({"importance": {"listed": [1.0]}}, "importance.listed = .*: must hold n_features = 4 values"),
        ({"sets": {"correlated": 2}}, "no model with sets .*: there are independent"),
        ({"model": "relu"}, "no model with model relu: there are relu_output, other"),
        ({"n_hidden": 4}, "no model with n_hidden 4: there are 2, 3; did you mean 3?"),
        ({"seed": [3, 4]}, "no model with seed 4: there are 3, 5; did you mean 3?"),
    ],
)
def test_values_that_there_are_none_of(result, point, message):
    for find in (result.models, result.best):
        with pytest.raises(NotThere, match=message) as raised:
            find(**point)
        assert "\n" not in str(raised.value)


def test_losses_of_several_points_are_not_compared(result):
    with pytest.raises(NotThere, match=r"more than one point there; say which n_hidden: 2, 3; importance: 1, 0.5\^i$"):
        result.best(model="other", sparsity=0.0)


def test_names_that_there_are_none_of(result, checkout):
    with pytest.raises(NotThere, match=r"small has no table wieghts: there are instances, .*; did you mean weights?"):
        result.table("wieghts")
    with pytest.raises(NotThere, match=r"has no experiment smal: there are laws, other, small; did you mean small?"):
        load("smal", checkout)


@pytest.mark.parametrize("missing", ["tables", "worlds", "measures"])
def test_what_is_missing_names_the_command_that_makes_it(checkout, missing, tmp_path):
    for part in {"tables", "worlds", "measures"} - {missing}:
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / part).symlink_to(checkout / "data" / part)
    (tmp_path / "params.yaml").symlink_to(checkout / "params.yaml")
    with pytest.raises(FileNotFoundError, match=r"small has no results in .*: `make repro EXPERIMENTS=small` computes"):
        load("small", tmp_path)


def test_parameters_that_have_changed_since_are_noticed(checkout, tmp_path):
    for part in ("tables", "measures"):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / part).symlink_to(checkout / "data" / part)
    settings = json.loads((checkout / "data/worlds/small/training.json").read_text(encoding="utf-8"))
    (tmp_path / "data/worlds/small").mkdir(parents=True)
    for changed, message in (
        (settings | {"models": settings["models"][:1]}, "have the models other, which its parameters lack by now"),
        (settings | {"temperature": 1}, r"small was computed by another version of this code \(temperature = 1: is an"),
    ):
        (tmp_path / "data/worlds/small/training.json").write_text(json.dumps(changed), encoding="utf-8")
        with pytest.raises(LookupError, match=message):
            load("small", tmp_path).models()


def test_from_any_folder_of_a_checkout(checkout, monkeypatch, tmp_path):
    for folder in (checkout, checkout / "src", checkout / "data/tables/small"):
        monkeypatch.chdir(folder)
        assert len(load("small").instances) == INSTANCES
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"is in no checkout of this project"):
        load("small")
    with pytest.raises(FileNotFoundError, match=r"is no checkout of this project: it has no params.yaml"):
        load("small", tmp_path)


def test_the_package_has_nothing_else_to_load():
    assert superposition.load is load
    with pytest.raises(AttributeError, match="module 'superposition' has no attribute 'lode'"):
        superposition.lode  # noqa: B018 (to look it up is what is tested)


def test_tables_and_weights_need_no_torch(checkout):
    code = (
        "import sys, superposition; assert not {'pandas', 'numpy', 'pydantic'} & set(sys.modules); "
        "result = superposition.load('small'); "
        "result.best(model='other', n_hidden=2, sparsity=0, importance=1).W; assert 'torch' not in sys.modules"
    )
    environment = {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", code], cwd=checkout, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
