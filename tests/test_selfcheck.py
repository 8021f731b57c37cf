"""The self-check as users run it: on every kind of vector unit that libraries have code for, and on a GPU."""

import inspect
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from scripts.verify_dispatch import numpy_features
from superposition.measures import superposition
from superposition.measures.columns import of_some_experiments
from superposition.measures.tables import on_weight_grid
from superposition.params.measures import Measures
from superposition.readings.results import COLUMNS
from superposition.selfcheck import __main__ as module
from superposition.selfcheck import arithmetic, steps, tables, training
from superposition.training.compiled import compiler

SRC = Path(__file__).parent.parent / "src"
LAST = "this machine computes the same bits"


def selfcheck(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "superposition.selfcheck", *arguments]
    variables = os.environ | {"PYTHONPATH": str(SRC)} | environment
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)


FEATURES = numpy_features()  # NumPy disables only what it knows, and other releases have other names for it
# What each part of the libraries may be told to do without: PyTorch's vector units, Intel's library below it, and
# numpy's vector units and BLAS.
OLD = {
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "COMPATIBLE",
    "NPY_DISABLE_CPU_FEATURES": " ".join(FEATURES),
    "OPENBLAS_CORETYPE": "Prescott",
}
MIDDLE = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_CBWR": "AVX2",
    "NPY_DISABLE_CPU_FEATURES": " ".join(name for name in FEATURES if "512" in name or name == "X86_V4"),
    "OPENBLAS_CORETYPE": "Haswell",
}


@pytest.mark.parametrize("environment", [{"OMP_NUM_THREADS": "2"}, OLD, MIDDLE], ids=["as it is", "old", "middle"])
def test_same_bits_at_every_cpu_capability(environment):
    if environment is MIDDLE and torch.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"):
        pytest.skip("this processor has no AVX2")
    done = selfcheck(**environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == LAST


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_same_bits_on_a_gpu():
    done = selfcheck("--device", "cuda")
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_needs_neither_the_trainer_nor_parameters_nor_figures():
    code = "import sys, superposition.selfcheck.__main__; print(*sorted(m.split('.')[0] for m in sys.modules))"
    command = [sys.executable, "-c", code]
    variables = os.environ | {"PYTHONPATH": str(SRC)}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"pytorch_lightning", "pydantic", "matplotlib", "dvc"}


def told(monkeypatch, capsys) -> list[str]:
    """What it says of all but training, which is left out."""
    monkeypatch.setattr(training, "CASES", {})
    monkeypatch.setattr(sys, "argv", ["selfcheck"])
    module.main()
    said = capsys.readouterr().out.splitlines()
    return [line for line in said if not line.startswith("training, ")]


def test_a_difference_is_told(monkeypatch, capsys, tmp_path):
    other = tmp_path / "digests.json"
    other.write_text('{"training, pentagon": "0000000000000000"}', encoding="utf-8")
    monkeypatch.setattr(module, "COMMITTED", other)
    monkeypatch.setattr(training, "CASES", {"pentagon": training.CASES["pentagon"]})
    monkeypatch.setattr(sys, "argv", ["selfcheck"])
    assert module.main() == 1
    said = capsys.readouterr().out
    assert "DIFFERENT, committed: 0000000000000000" in said
    assert said.splitlines()[-1] == "this machine computes OTHER bits"


def test_a_digest_that_is_not_computed_is_told(monkeypatch, capsys, tmp_path):
    """As where a measure has gone from the tables, and nobody looks at it any more."""
    one = [np.arange(3)]
    other = tmp_path / "digests.json"
    other.write_text(json.dumps({"one": module.digest(one), "gone": "0000000000000000"}), encoding="utf-8")
    monkeypatch.setattr(module, "COMMITTED", other)
    monkeypatch.setattr(training, "results", lambda device: [("one", one)])
    for part in (steps, arithmetic, tables):
        monkeypatch.setattr(part, "results", lambda *_: [])
    monkeypatch.setattr(sys, "argv", ["selfcheck"])
    assert module.main() == 1
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.endswith("same")
    assert second.split() == ["gone", "NOT", "COMPUTED,", "committed:", "0000000000000000"]
    assert last == "this machine computes OTHER bits"


def test_one_unit_in_the_last_place_of_a_square_root_is_noticed_and_named(monkeypatch, capsys):
    def off(x):
        """As a library that is right to an ulp only."""
        return np.nextafter(np.sqrt(x), np.inf)

    monkeypatch.setattr(superposition, "np", SimpleNamespace(**vars(np) | {"sqrt": off}))
    lines = told(monkeypatch, capsys)
    different = {line[:32].rstrip() for line in lines if "DIFFERENT" in line}
    assert different == {"linear models, features", "relu models, features", "norms of many features"}
    assert lines[-1] == "this machine computes OTHER bits"


def test_the_root_that_is_off_on_some_processors_is_noticed_there(monkeypatch, capsys):
    """PyTorch's, which is Intel's: off in one of 100 numbers where it is not correctly rounded."""

    def norms(W):
        return torch.sqrt(torch.from_numpy(superposition.squared_norms(W))).numpy()

    W = on_weight_grid(2 * arithmetic.uniform("many features", *tables.MANY) - 1)
    if np.array_equal(norms(W), superposition.norms(W)):
        pytest.skip("on this processor it is correctly rounded")
    monkeypatch.setattr(tables, "norms", norms)
    assert any(line.startswith("norms of many") and "DIFFERENT" in line for line in told(monkeypatch, capsys))


def compiler_with(tmp_path, before="", after=""):
    loose = tmp_path / "loose"
    loose.write_text(f'#!/bin/sh\nexec {shlex.join(compiler())} {before} "$@" {after}\n', encoding="utf-8")
    loose.chmod(0o755)
    return selfcheck(CXX=str(loose), XDG_CACHE_HOME=str(tmp_path / f"cache {before} {after}"))


@pytest.mark.skipif(not compiler(), reason="no C++ compiler here")
def test_a_compiler_that_takes_liberties_is_noticed(tmp_path):
    done = compiler_with(tmp_path, after="-funsafe-math-optimizations")
    assert done.returncode == 1
    different = [line for line in done.stdout.splitlines() if "DIFFERENT" in line]
    assert any(line.startswith("pipeline, ") for line in different)
    losses = tuple(f"{hidden} models, instances" for hidden in tables.WANTED)  # held out, by the kernel too
    assert all(line.startswith(("pipeline, ", *losses)) for line in different)


@pytest.mark.skipif(not compiler(), reason="no C++ compiler here")
@pytest.mark.parametrize("option", ["-ffast-math", "-ffinite-math-only"])
def test_fast_maths_is_taken_back_or_refused(option, tmp_path):
    done = compiler_with(tmp_path, before=option)
    assert (done.returncode, done.stderr) == (0, "")
    done = compiler_with(tmp_path, after=option)
    assert done.returncode == 0
    assert "plain form" in done.stderr
    assert "compute fast rather than right" in done.stderr


def test_every_table_that_can_be_stored_is_checked():
    made = {hidden: tables.made(hidden) for hidden in tables.WANTED}
    assert set().union(*made.values()) == set(COLUMNS) | set(Measures.model_fields) - {"attack"}
    named = [name for name, _ in tables.results() if name != "norms of many features"]
    assert len(named) == len(set(named)) == sum(map(len, made.values()))
    for found in made.values():
        assert not any(table.empty for table in found.values())
        # What is NaN, or the same in all rows, would show no difference.
        assert found["features"][["norm", "superposition", "dimensionality"]].nunique().min() > 8
    linear, relu = made["linear"], made["relu"]
    assert linear["instances"][["attack_norm", "clean_loss", "attacked_loss"]].notna().all(axis=None)
    assert (relu["instances"]["penalty"] > 0).all()
    assert 0 < relu["hidden"]["active"].mean() < 1
    assert set(linear["packings"]["kind"]) == {"random", "sample", "greedy", "grown", "optimised", "trained"}
    assert set(linear["recovery"]["projection"]) == {"trained", "gaussian", "optimised"}
    assert linear["explanations"]["rivals"].max() > 0
    assert (relu["imitation"][["linear", "rectified"]].abs() > 0).any(axis=None)


def test_whatever_is_drawn_to_measure_is_drawn_anew_with_another_seed():
    """Streams are named by `names` of a model; a measure that does not read it draws nothing."""
    measures = of_some_experiments()
    for hidden in tables.WANTED:
        first, again, second = tables.made(hidden), tables.made(hidden), tables.made(hidden, seed=1)
        for name in ("instances", *(first.keys() & measures.keys())):
            draws = name == "instances" or ".names" in inspect.getsource(measures[name])
            assert first[name].equals(second[name]) != draws, name
            pd.testing.assert_frame_equal(first[name], again[name], check_exact=True)


def test_digests_are_of_bits_but_not_of_those_of_nan():
    nan, other = np.array([np.nan]), -np.array([np.nan])
    assert nan.tobytes() != other.tobytes()
    assert module.digest([nan]) == module.digest([other])
    assert module.digest([np.array([0.0])]) != module.digest([np.array([-0.0])])
    assert module.digest([np.array([0.1], dtype=np.float32)]) != module.digest([np.array([0.1])])
    assert module.digest([np.array([1], dtype=np.int32)]) == module.digest([np.array([True])])
    assert module.digest([np.array(["a", "bc"])]) != module.digest([np.array(["a", "bd"])])


def test_the_committed_digests_have_the_names_of_todays_results(monkeypatch):
    monkeypatch.setattr(training, "train", lambda case, device: torch.nn.Linear(1, 1))
    assert list(json.loads(module.COMMITTED.read_text(encoding="utf-8"))) == [name for name, _ in module.digests("cpu")]
