"""The page that compares runs, and what of two runs is merged."""

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from scripts import compare
from superposition.report.comparison import Run, compared, rows
from superposition.report.partial import merged

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="%d"/></svg>'


def claim(verdict: str, id: str = "intro.pentagon", measured: str = "5 features") -> dict:
    return {"id": id, "statement": f"Of {id} <all>.", "verdict": verdict, "measured": measured, "spread": "9 of 10"}


def run(name: str, sparsity: list, claims: list, **figures: bytes) -> Run:
    return Run(
        name=name,
        about="abc first",
        parameters={"experiments": {"intro": {"sparsity": sparsity, "seeds": 10}}},
        metrics={"experiments": {"intro": {"0": {"at": f"S={sparsity[0]}", "loss": 0.1 + sparsity[0]}}}},
        claims=claims,
        figures={f"reports/figures/intro/{name}.svg": text for name, text in figures.items()},
    )


BEFORE = run(
    "before", [0.0], [claim("holds"), claim("fails", "intro.b", "1")], same=SVG % 1, other=SVG % 2, old=SVG % 3
)
AFTER = run("<after>", [0.5], [claim("fails"), claim("fails", "intro.b", "2")], same=SVG % 1, other=SVG % 4)


class Text(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.open, self.images, self.words = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.images.append(dict(attrs))
        elif tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(" ".join(data.split()))


def test_the_page_has_what_changed_and_asks_for_nothing():
    html = compared([BEFORE, AFTER])
    text = Text(html)
    assert text.open == []
    words = " ".join(filter(None, text.words))
    assert "experiments.intro.sparsity 0 0.5" in words
    assert "experiments.intro.seeds" not in words
    assert "intro.0.loss 0.1 0.6" in words
    assert "intro.pentagon holds 5 features 9 of 10 fails 5 features 9 of 10" in words
    assert "1 more with the same verdict on another number" in words
    assert "intro/old.svg before <after> before not drawn <after>" in words
    assert "same.svg" not in html
    assert len(text.images) == 3  # two of `other`, one of `old`
    assert all(image["src"].startswith("data:image/svg+xml;base64,") for image in text.images)
    assert not re.search(r"(?:src|href)=\"(?!data:)", html)


def test_runs_that_are_alike_are_said_to_be():
    other = Run(**vars(BEFORE) | {"name": "other"})
    assert compared([BEFORE, other]).count("All are the same.") == 4
    assert rows([{"a": 1}, {"a": 1}, {"a": 2, "b": 3}])[0].values == [1, 1, 2]


def test_of_an_experiment_that_was_computed_anew_no_verdict_stays():
    everything = {
        "claims.json": [
            {"id": "intro.two_orthogonal_features", "verdict": "holds"},
            {"id": "intro.pentagon", "verdict": "holds"},
            {"id": "basic_results.x", "verdict": "fails"},
        ],
        "metrics.json": {
            "claims": {"holds": 2, "holds_at_best": 0, "fails": 1, "differs_from_print": 0, "not_tested": 0},
            "experiments": {"intro": {"0": {"loss": 1.0}, "1": {"loss": 2.0}}, "basic_results": {"0": {"loss": 3.0}}},
        },
    }
    some = {
        "claims.json": [{"id": "intro.pentagon", "verdict": "fails"}],
        "metrics.json": {"claims": {"fails": 1}, "experiments": {"intro": {"0": {"loss": 4.0}}}},
    }
    both = merged(everything, some)
    assert both["claims.json"] == [
        {"id": "intro.pentagon", "verdict": "fails"},
        {"id": "basic_results.x", "verdict": "fails"},
    ]
    assert both["metrics.json"] == {
        "claims": {"holds": 0, "holds_at_best": 0, "fails": 2, "differs_from_print": 0, "not_tested": 1},
        "experiments": {"intro": {"0": {"loss": 4.0}}, "basic_results": {"0": {"loss": 3.0}}},
    }


@pytest.fixture
def edited(tmp_path, monkeypatch):
    """A checkout with nothing computed in it, of which an experiment can be edited."""
    monkeypatch.chdir(tmp_path)
    text = (Path(__file__).parents[1] / "params.yaml").read_text(encoding="utf-8")
    file = Path("params.yaml")
    file.write_text(text, encoding="utf-8")
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=b", "commit", "-qm", "c"]):
        subprocess.run(["git", *command], check=True)
    return file


def test_edits_that_were_not_computed_are_named(edited, monkeypatch):
    said_by_dvc: dict = {}
    monkeypatch.setattr(compare, "Repo", lambda: type("Status", (), {"status": lambda self: said_by_dvc})())
    assert list(compare.not_computed()) == []
    text = edited.read_text(encoding="utf-8")
    before, intro, after = text.partition("\n  intro:\n")
    edited.write_text(before + intro + after.replace("n_features: 5", "n_features: 6", 1), encoding="utf-8")
    (line,) = compare.not_computed()
    assert 'make repro EXPERIMENTS="intro"' in line
    edited.write_text(text, encoding="utf-8")
    said_by_dvc |= {
        "train@geometry": [{"changed deps": {"data/worlds/geometry": "modified"}}],
        "train@intro": [{"changed deps": {"data/worlds/intro": "deleted"}}, "always changed"],
        "code": [{"changed deps": {"src": "modified"}}],
    }
    geometry, code = compare.not_computed()
    assert "now: geometry; make" in geometry
    assert "make status" in code
    edited.write_text("experiments: 5\n", encoding="utf-8")
    (line,) = compare.not_computed()
    assert "params.yaml is not valid" in line
