import shutil
from copy import copy
from pathlib import Path

import pytest

from tests.checkout import Small


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A checkout in which everything is up to date; not to be changed."""
    small = Small(tmp_path_factory.mktemp("made"))
    small.run(*small.make("repro"), check=True)
    return small


@pytest.fixture
def small(made, tmp_path):
    """A copy of that checkout."""
    return copied(made, tmp_path)


def copied(made: Small, to: Path) -> Small:
    shutil.copytree(made.root.parent, to, symlinks=True, dirs_exist_ok=True)
    small = copy(made)
    small.root = to / "checkout"
    small.environment = {key: value.replace(str(made.root.parent), str(to)) for key, value in made.environment.items()}
    return small
