"""The self-check as users run it: on every kind of vector unit that PyTorch has code for, and on a GPU."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SRC = Path(__file__).parent.parent / "src"
LAST = "this machine computes the same bits"


def selfcheck(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "superposition.exact.selfcheck", *arguments]
    variables = os.environ | {"PYTHONPATH": str(SRC)} | environment
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("capability", ["default", "avx2", "avx512"])
def test_same_bits_at_every_cpu_capability(capability):
    here = torch.backends.cpu.get_cpu_capability().lower()
    if (capability == "avx512" and here != "avx512") or (capability == "avx2" and here not in ("avx2", "avx512")):
        pytest.skip(f"this processor has no {capability}")
    done = selfcheck(ATEN_CPU_CAPABILITY=capability, OMP_NUM_THREADS="1" if capability == "avx2" else "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == LAST


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_same_bits_on_a_gpu():
    done = selfcheck("--device", "cuda")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_difference_is_told(monkeypatch, capsys, tmp_path):
    from superposition.exact import selfcheck as module

    other = tmp_path / "digests.json"
    other.write_text('{"pentagon": "0000000000000000"}', encoding="utf-8")
    monkeypatch.setattr(module, "COMMITTED", other)
    monkeypatch.setattr(module, "CASES", {"pentagon": module.CASES["pentagon"]})
    monkeypatch.setattr(sys, "argv", ["selfcheck"])
    assert module.main() == 1
    said = capsys.readouterr().out
    assert "DIFFERENT, committed: 0000000000000000" in said
    assert said.splitlines()[-1] == "this machine computes OTHER bits"


def test_it_needs_torch_and_numpy_only():
    code = "import sys, superposition.exact.selfcheck; print(*sorted(m.split('.')[0] for m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "torch" in loaded
    assert not loaded & {"pandas", "pytorch_lightning", "pydantic", "matplotlib", "dvc", "pyarrow"}
