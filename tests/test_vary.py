"""Varying, comparing and going back, as the README says it, in clones of a checkout with two short experiments."""

import re
import subprocess
from copy import copy
from pathlib import Path

import pandas as pd
import pytest

from scripts import vary
from scripts.settings import settings
from superposition.params import read
from tests.checkout import SHORT, Small

ROOT = Path(__file__).parent.parent
INTRO = SHORT | {"sparsity": [0.0, 0.8, 0.9], "importance": {"geometric": 0.9}}


def test_a_variant_is_named_by_what_was_set():
    assert vary.named("intro", settings("sparsity=[0, 0.5] seeds=3", "intro")) == "intro-sparsity=0,0.5-seeds=3"
    first, second = (vary.named("intro", settings(f"title={'x' * 80}{end}", "intro")) for end in "ab")
    assert first != second
    assert len(first) <= vary.LONGEST


def test_how_long_a_variant_takes_is_said_before_it_runs(tmp_path, monkeypatch):
    (tmp_path / "reports").mkdir()
    monkeypatch.chdir(tmp_path)
    intro = read(ROOT / "params.yaml").experiments["intro"]
    assert "how long it takes is not known yet" in vary.what_runs("intro", intro, intro)
    (tmp_path / "reports/costs.csv").write_text("experiment,seconds,device\nintro,4.2,X\n", encoding="utf-8")
    longer = intro.model_copy(update={"training": intro.training.model_copy(update={"steps": 100_000})})
    assert vary.what_runs("intro", intro, longer).startswith("intro alone is trained (30 models), measured and drawn;")
    assert "training takes about 42 s on X" in vary.what_runs("intro", intro, longer)


def blocks() -> list[str]:
    """What the README says to type."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("\n## Vary sparsity and importance\n")[2].partition("\n## ")[0]
    return re.findall(r"^```bash\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """A checkout in which everything is computed and committed."""
    small = Small(tmp_path_factory.mktemp("vary"), intro=INTRO, other=SHORT)
    said = small.run(*small.make("repro"), check=True).stdout
    assert "Running stage 'plot@intro'" in said
    assert "dvc push" not in said
    small.run("git", "add", "-A", check=True)
    small.run("git", "commit", "-qm", "results", check=True)
    return small


@pytest.fixture
def fresh(computed, tmp_path):
    """A clone of it: with all that is committed, and nothing in data/ or in DVC's cache."""
    clone = copy(computed)
    clone.root = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", computed.root, clone.root], check=True)
    # Commands as a person types them, with this environment in place of one of the clone's own.
    clone.environment = computed.environment | {"MAKEFLAGS": "RUNTIME= SPEAKING= DEVELOPMENT="}
    return clone


def typed(small: Small, commands: str) -> str:
    done = small.run("bash", "-ec", commands)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def status(small: Small) -> str:
    return small.run("git", "status", "--porcelain", check=True).stdout


@pytest.mark.long
def test_the_section_of_the_readme_works_word_for_word(fresh):
    vary_and_compare, keep_and_undo, by_dvc, a_grid = blocks()
    said = typed(fresh, vary_and_compare)
    assert status(fresh) == ""
    assert not (fresh.root / "data").exists()
    assert [path.name for path in (fresh.root / ".vary/data/trained").iterdir()] == ["intro"]
    page = (fresh.root / "variants/denser/index.html").read_text(encoding="utf-8")
    assert "This page is of intro only" in page
    assert "metrics  relu_output S=0.95: held-out loss" in said
    compared = (fresh.root / "variants/comparison.html").read_text(encoding="utf-8")
    assert "<h1>HEAD and denser and steeper</h1>" in compared
    assert (
        "<td>experiments.intro.sparsity</td><td>0, 0.8, 0.9</td><td>0, 0.5, 0.95</td><td>0, 0.8, 0.9</td>" in compared
    )
    assert "<h3>intro/feature_vectors.svg</h3>" in compared
    assert "<h3>other/" not in compared

    (fresh.root / "dvc.yaml").open("a").write("# an edit of something else\n")
    new = fresh.root / "notes.txt"
    new.touch()
    said = typed(fresh, keep_and_undo)
    assert "experiments.intro.sparsity: 0, 0.8, 0.9 -> 0, 0.5, 0.95" in said
    assert "undo: params.yaml as it is committed again" in said
    assert "undo: data/trained/intro removed: it was computed with other parameters or code" in said
    assert status(fresh) == " M dvc.yaml\n?? notes.txt\n"
    assert not list((fresh.root / "data/trained").glob("*"))
    assert "0.95" in (fresh.root / ".dvc/tmp/undone.yaml").read_text(encoding="utf-8")

    said = typed(fresh, by_dvc)
    assert re.search(r"reports/metrics/intro\.json +loss ", said)
    assert (fresh.root / "dvc_plots/index.html").is_file()
    assert by_name(fresh) == ["denser"]

    said = typed(fresh, a_grid)
    assert "9 points of 3 variants" in said
    table = pd.read_csv(fresh.root / "variants/grid.csv")
    assert sorted(table["importance.geometric"].unique()) == [0.5, 0.7, 0.9]
    assert "held-out loss" in (fresh.root / "variants/grid.svg").read_text(encoding="utf-8")
    assert by_name(fresh) == ["denser"]
    assert status(fresh) == " M dvc.yaml\n?? notes.txt\n"


def by_name(small: Small) -> list[str]:
    listed = small.run("git", "for-each-ref", "--format=%(refname)", "refs/exps", check=True).stdout
    return [line.split("/")[4] for line in listed.splitlines() if line.count("/") == 4]


@pytest.mark.long
def test_undo_is_whole_where_everything_was_computed(computed):
    before = computed.contents()
    params = (computed.root / "params.yaml").read_bytes()
    computed.params = computed.params | {"experiments": {"intro": INTRO | {"seeds": 2}, "third": SHORT}}
    computed.write_params()
    computed.run(*computed.make("repro"), check=True)
    computed.run("git", "add", "-A", check=True)
    assert (computed.root / "reports/figures/third").is_dir()
    said = computed.run(*computed.make("undo", "ARGS=--dry"), check=True).stdout
    assert "undo: data/tables/third would be removed" in said
    assert (computed.root / "data/tables/third").is_dir()
    computed.run(*computed.make("undo"), check=True)
    assert (computed.root / "params.yaml").read_bytes() == params
    assert computed.contents() == before
    assert status(computed) == ""
    assert computed.status() == {}
    assert computed.run(*computed.make("undo"), check=True).stdout == "undo: all is as committed\n"


@pytest.mark.long
@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (("EXPERIMENT=intro", "SET=sparsity=[0,1.5]"), "experiments.intro.sparsity[1] = 1.5: must be"),
        (("EXPERIMENT=intro", "SET=sparsety=0"), "is an unknown key; did you mean sparsity?"),
        (("EXPERIMENT=intro", "SET=seeds=4"), "seeds=4 is what intro has already"),
        (("EXPERIMENT=nope", "SET=seeds=4"), "no experiment nope; params.yaml has intro, other"),
        (("SET=seeds=4",), "no EXPERIMENT is named"),
        (("EXPERIMENT=intro", "SET=seeds=3", "NAME=a b"), "NAME=a b: must be letters, digits and any of"),
        (("EXPERIMENT=intro", "SET=seeds=3", "NAME=HEAD"), "NAME=HEAD: is what make compare calls a commit"),
        (("EXPERIMENT=intro", "SET=seeds=3", "NAME=workspace"), "NAME=workspace: is what make compare calls this"),
        (
            ("EXPERIMENT=intro", "SET=seeds=3", "NAME=grid.svg"),
            "NAME=grid.svg: must have at most 100 characters and no",
        ),
        (("EXPERIMENT=intro", "SET=seeds=3", f"NAME={'a' * 101}"), "must have at most 100 characters"),
    ],
)
def test_what_is_refused_changes_nothing(fresh, wanted, reason):
    done = fresh.run("make", "vary", *wanted)
    assert done.returncode == 2
    assert reason in done.stderr
    assert status(fresh) == ""
    assert not (fresh.root / ".vary").exists()
