"""The same bytes whatever code libraries choose for a processor; and that a difference is seen, and named."""

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scripts import scratch_copies as copies
from scripts import verify, verify_cpus, verify_dispatch
from superposition.inputs import hashed

ROOT = Path(__file__).parent.parent


def dispatch(root: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "scripts.verify_dispatch", *arguments]
    environment = os.environ | {"PYTHONPATH": "src"}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)


def lines_of(said: str) -> dict[str, list[str]]:
    """What was said of each setting, and the lines below it."""
    found: dict[str, list[str]] = {}
    for line in said.splitlines():
        if line.startswith("    "):
            found[list(found)[-1]].append(line.strip())
        elif "  " in line:
            found[line.split("  ")[0]] = [line.split("  ", 1)[1].strip()]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("how", [["--together"], pytest.param([], marks=pytest.mark.long)], ids=["together", "each"])
def test_the_same_bytes_whatever_code_libraries_choose(how):
    wanted = ["MKL_CBWR=COMPATIBLE", "CAPABILITY=default", "NPY", "GLIBC", "Nehalem", "ulp, mixed"]
    done = dispatch(ROOT, "short", *how, "--settings", *wanted)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "give the same bytes" in done.stdout.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("off", "chosen"),
    [
        (["mixed"], ["MKL_CBWR=COMPATIBLE"]),
        pytest.param(
            ["up", "down", "mixed"], ["MKL_CBWR=COMPATIBLE", "MKL_ENABLE_INSTRUCTIONS=AVX2"], marks=pytest.mark.long
        ),
    ],
    ids=["some", "more"],
)
def test_a_fault_is_caught_with_table_and_column(tmp_path, off, chosen):
    """Norms by torch's square root, which is not correctly rounded, and another on some processors."""
    for folder in ("src", "stages", "scripts"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("params.yaml", "requirements.txt"):
        shutil.copy(ROOT / file, tmp_path)
    with (tmp_path / "src/superposition/measures/superposition.py").open("a", encoding="utf-8") as module:
        module.write(
            "\n\nimport torch\n\n\ndef norms(W: ndarray) -> ndarray:\n"
            "    return torch.sqrt(torch.from_numpy(squared_norms(W))).numpy()\n"
        )
    done = dispatch(tmp_path, "short", "--settings", *(f"ulp, {how}" for how in off), *chosen)
    assert done.returncode == 1, done.stdout + done.stderr
    found = lines_of(done.stdout)
    for how in off:
        verdict, *lines = found.pop(f"libraries off by an ulp, {how}")
        assert verdict.startswith("DIFFERENT")
        assert "torch.sqrt" in verdict
        assert any(
            re.search(r"features\.parquet: column norm, \d+ of 960 rows, by up to 1 ulp", line) for line in lines
        )
    # Where a library takes other code for its root on this processor, the setting that makes it do so shows it too.
    for name in chosen:
        verdict, *lines = found[name]
        if not verdict.startswith("skipped") and "torch.sqrt" in verdict:
            assert verdict.startswith("DIFFERENT"), done.stdout


def test_differences_are_named_by_column_rows_and_ulps(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for copy in (one, two):
        (copy / "data/tables/x").mkdir(parents=True)
        (copy / "reports").mkdir()
    table = pd.DataFrame({"same": [1.0, 2.0, 3.0], "norm": [1.0, -0.0, 4.0], "label": ["a", "b", "c"]})
    other = table.assign(norm=[1.0 + 3 * 2.0**-52, 5e-324, 4.0], label=["a", "B", "C"])
    table.to_parquet(one / "data/tables/x/features.parquet")
    other.to_parquet(two / "data/tables/x/features.parquet")
    np.save(one / "data/w.npy", np.zeros(2))
    (one / "data/tables/x/w.npy").write_bytes((one / "data/w.npy").read_bytes())
    np.save(two / "data/tables/x/w.npy", np.array([0.0, np.nan]))
    (one / "reports/claims.json").write_text("[\n 1,\n 2\n]", encoding="utf-8")
    (two / "reports/claims.json").write_text("[\n 1,\n 3\n]", encoding="utf-8")
    (two / "reports/more.svg").write_text("", encoding="utf-8")
    assert copies.differences(one, two) == [
        "reports/more.svg: is not in the reference",
        # 1 + 3 ulp; and from -0 to the smallest number, which is next to both zeros
        "data/tables/x/features.parquet: column norm, 2 of 3 rows, by up to 3 ulp",
        "data/tables/x/features.parquet: column label, 2 of 3 rows",
        "data/tables/x/w.npy: 1 of 2 rows, numbers became NaN or NaN numbers",
        "reports/claims.json: line 3: ' 2' became ' 3'",
    ]
    assert copies.differences(one, one) == []


def test_what_a_copy_links_to_is_compared(tmp_path):
    """Trained weights: made in the reference where they are not there, and linked to by all others."""
    made = tmp_path / "reference" / "data" / "trained" / "intro"
    made.mkdir(parents=True)
    np.save(made / "W.npy", np.ones(3))
    linked = tmp_path / "copy" / "data" / "trained" / "intro"
    linked.parent.mkdir(parents=True)
    linked.symlink_to(made)
    assert copies.outputs(tmp_path / "copy") == ["data/trained/intro/W.npy"]
    assert copies.differences(tmp_path / "reference", tmp_path / "copy") == []


@pytest.mark.parametrize(
    ("variable", "value"),
    [("PANDAS_FUTURE_INFER_STRING", "0"), ("MPLBACKEND", "module://matplotlib_inline.absent"), ("PYTHONOPTIMIZE", "2")],
)
def test_variables_of_the_users_own_change_no_byte(tmp_path, variable, value):
    code = (
        "from pathlib import Path; import numpy as np; import pandas as pd; from superposition import frames;"
        "from superposition.figures import svg; from matplotlib.figure import Figure;"
        "frames.write(pd.DataFrame({'name': ['a', 'b'], 'x': [0.1, 2.0]}), Path('x.parquet'));"
        "f = Figure(); f.subplots().plot([0, 1], [0.1, 0.3]); svg.save(f, Path('x.svg'))"
    )
    made = []
    for more in ({}, {variable: value}):
        folder = tmp_path / f"{len(made)}"
        folder.mkdir()
        environment = copies.plain_environment(PYTHONPATH=str(ROOT / "src"), **more)
        done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        made.append({file.name: file.read_bytes() for file in folder.iterdir()})
    assert made[0].keys() == {"x.parquet", "x.svg"}
    assert made[0] == made[1]


def test_folders_are_known_by_the_digest_that_dvc_notes():
    lock = verify.read_yaml(ROOT / "dvc.lock")["stages"]
    noted = verify.hashes(lock, "plot@intro")["reports/figures/intro"]
    assert hashed(ROOT / "reports/figures/intro") == noted


def test_what_a_processor_lacks_is_skipped_with_a_word(monkeypatch):
    monkeypatch.setattr(verify_dispatch.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(verify_dispatch, "flags", lambda: {"sse4_2", "avx2", "fma"})
    monkeypatch.setattr(verify_dispatch, "numpy_features", lambda: ["X86_V3"])
    skipped = {each.name: each.skip for each in verify_dispatch.of_libraries() if each.skip}
    assert skipped == {
        "MKL_CBWR=AVX512": "this processor has no avx512bw",
        "OPENBLAS_CORETYPE=SkylakeX": "this processor has no avx512bw",
        "NPY_DISABLE_CPU_FEATURES (without AVX-512: none)": "NumPy takes no code here that goes beyond AVX-512",
    }
    monkeypatch.setattr(verify_dispatch.platform, "machine", lambda: "aarch64")
    runs = [each.name for each in verify_dispatch.of_libraries() if not each.skip]
    assert runs == ["ATEN_CPU_CAPABILITY=default", "NPY_DISABLE_CPU_FEATURES (baseline: X86_V3)"]


def test_settings_share_runs_where_they_do_not_contradict(tmp_path):
    second = tmp_path / "again"
    second.mkdir()
    runs = verify_dispatch.together([each for each in verify_dispatch.settings(tmp_path) if not each.skip])
    made = {(variable, value) for run in runs for variable, value in run.environment.items()}
    for each in verify_dispatch.settings(second):
        if not each.skip:
            assert sum(each.name in run.name.partition(": ")[2].split("; ") for run in runs) == 1
            if "tmp" not in str(each.environment) and str(tmp_path) not in str(each.environment):
                assert set(each.environment.items()) <= made
    assert {run.umask for run in runs} > {0o077}
    assert 1 < len(runs) < 8


def test_no_variable_that_steers_libraries_reaches_a_run(monkeypatch):
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "MKL_CBWR", "GLIBC_TUNABLES", "OMP_PROC_BIND", "LC_ALL"):
        monkeypatch.setenv(name, "x")
    environment = copies.plain_environment(MKL_CBWR="AVX2")
    assert environment["MKL_CBWR"] == "AVX2"
    assert environment["OMP_NUM_THREADS"] == "1"
    assert not {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "GLIBC_TUNABLES", "OMP_PROC_BIND", "LC_ALL"} & set(environment)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nope"], "no experiment nope; there are intro,"),
        (["short", "--settings", "nope"], "no such setting; there are:"),
    ],
)
def test_what_cannot_be_checked_is_refused(arguments, reason):
    done = dispatch(ROOT, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"verify-dispatch: {reason}")


def test_without_an_emulator_processors_are_skipped(monkeypatch, capsys):
    monkeypatch.setattr(verify_cpus.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(verify_cpus.shutil, "which", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["verify-cpus", "Haswell"])
    assert verify_cpus.main() == 0
    assert capsys.readouterr().out.startswith("verify-cpus: skipped, there is no qemu-x86_64")
    monkeypatch.setattr(sys, "argv", ["verify-cpus", "Pentium"])
    with pytest.raises(SystemExit) as refused:
        verify_cpus.main()
    assert refused.value.code == 2


@pytest.mark.skipif(platform.machine() != "x86_64" or not shutil.which("g++"), reason="needs g++ for x86-64")
def test_what_is_emulated_is_compiled_without_masked_loads(tmp_path):
    source = tmp_path / "loop.cpp"
    source.write_text(
        "void add(double* __restrict__ to, const double* __restrict__ from, const double* __restrict__ sign) {"
        " for (int i = 0; i < 1024; ++i) if (sign[i] > 0) to[i] += from[i]; }"
    )
    command = ["g++", "-O3", "-fno-trapping-math", "-march=haswell", "-S", "-o", "-", source]
    assert "vmaskmov" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
    without = [*command, verify_cpus.UNMASKED]
    assert "vmaskmov" not in subprocess.run(without, capture_output=True, text=True, check=True).stdout


def test_verify_tells_where_bits_changed_and_which_versions_are_others(tmp_path, capsys):
    def lock(digest: str) -> dict:
        outs = {"train@a": "1", "train@b": digest, "report": "2"}
        return {s: {"outs": [{"path": f"data/{s}", "hash": "md5", "md5": md5}]} for s, md5 in outs.items()}

    assert verify.compare(lock("3"), lock("4"), list(lock("3"))) == 1
    assert capsys.readouterr().out.splitlines()[-2:] == ["train: 1 of 2 outputs same", "report: 1 of 1 outputs same"]
    pins = tmp_path / "requirements.txt"
    numpy = np.__version__
    pins.write_text(
        f"# pins\nnumpy=={numpy} \\\n    --hash=sha256:0\npandas==0.1 ; python_version > '3' \\\n"
        "torch==0.1 ; python_version < '3'\nno-such-package==1\n",
        encoding="utf-8",
    )
    assert verify.other_versions(pins) == [f"pandas {pd.__version__} (==0.1)", "no-such-package missing (==1)"]
