"""Parameters that are refused touch no earlier result, whichever command they come by."""

import pytest

from tests.checkout import Small

pytestmark = [pytest.mark.slow, pytest.mark.long]
UNDO = "`make undo` takes it back"


def refused(small: Small, *arguments: str) -> str:
    """What is said; everything that was made is as it was."""
    before = small.contents()
    done = small.dvc(*arguments)
    assert done.returncode != 0
    assert small.contents() == before
    return done.stdout + done.stderr


def test_a_value_of_dvc_exp_run_is_refused_and_one_command_brings_the_file_back(small):
    small.run("git", "add", "-A", check=True)
    small.run("git", "commit", "-qm", "made", check=True)
    params = (small.root / "params.yaml").read_bytes()
    said = refused(small, "exp", "run", "-S", "seed=-1")
    assert "seed = -1: must be" in said
    assert UNDO in said
    small.run(*small.make("undo"), check=True)
    assert (small.root / "params.yaml").read_bytes() == params
    assert small.status() == {}

    # DVC reads `experiments` itself, before it runs anything
    assert "stages" in refused(small, "exp", "run", "-S", "experiments=3")
    small.run(*small.make("undo"), check=True)
    assert small.status() == {}

    # in a copy of the checkout nothing is to be brought back
    said = refused(small, "exp", "run", "--temp", "-S", "seed=-1")
    assert UNDO not in said
    assert (small.root / "params.yaml").read_bytes() == params
    assert small.status() == {}


@pytest.mark.parametrize(
    "change", [{"seed": -1}, {"experiments": 3}, {"experiments": {"a/../b": {}}}, {"scale": "x" * 9999}]
)
def test_a_file_is_refused_by_dvc_repro(small, change):
    params = small.params
    small.params = params | change
    small.write_params()
    refused(small, "repro")
    refused(small, "repro", "--force")
    small.params = params
    small.write_params()
    assert small.status() == {}
