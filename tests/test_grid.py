"""The figure over variants: what they differ in, and how it is laid out."""

import pandas as pd
import pytest

from scripts import grid

DEFAULTS = {"seeds": 2, "training": {"steps": 100, "batch_size": 64}, "sparsity": 0.0}


@pytest.fixture
def commits(monkeypatch):
    """Commits with these blocks in params.yaml, by name."""

    def have(**blocks):
        documents = {name: {"defaults": DEFAULTS, "experiments": {"intro": block}} for name, block in blocks.items()}
        monkeypatch.setattr(grid, "shown_in", lambda commit, _: documents[commit])
        return {name: name for name in blocks}

    return have


def test_what_variants_differ_in_counts_defaults(commits):
    found = commits(a={"n_features": 5}, b={"n_features": 5, "seeds": 2}, c={"n_features": 5, "training": {"steps": 9}})
    assert grid.differing(found, "intro") == ["training.steps"]
    assert grid.parameters("c", "intro")["training.batch_size"] == "64"
    found = commits(a={"sparsity": [0.0, 0.5]}, b={"importance": {"geometric": 0.5}})
    assert grid.differing(found, "intro") == ["sparsity", "importance.geometric"]


def test_numbers_are_in_order_and_texts_as_they_come():
    assert grid.in_order(pd.Series(["10", "9", "10", "1e-1"])) == ["1e-1", "9", "10"]
    assert grid.in_order(pd.Series(["tied", "9"])) == ["tied", "9"]


@pytest.mark.parametrize("keys", [["importance.geometric"], ["model", "seeds"]])
def test_a_panel_for_each_value_and_number(tmp_path, keys):
    table = pd.DataFrame(
        [
            {"variant": f"{one}-{two}", keys[0]: one, keys[-1]: two, "point": point, "loss": loss, "n_represented": 2}
            for one in ("0.5", "0.9")
            for two in (("3", "4") if len(keys) > 1 else (one,))
            for point, loss in (("S=0", 0.1), ("S=0.9", 0.001))
        ]
    )
    drawn = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grid, "save", lambda figure, out: drawn.append((figure, out)))
        grid.draw(table, "intro", keys, tmp_path / "grid.svg")
    ((figure, _),) = drawn
    rows = 2 if len(keys) > 1 else 1
    assert len(figure.axes) == rows * len(grid.SHOWN)
    assert [axes.get_ylabel() for axes in figure.axes] == [*grid.SHOWN.values()] * rows
    assert [line.get_xdata().tolist() for line in figure.axes[0].lines] == [[0.5, 0.9]] * 2
    assert [text.get_text() for text in figure.axes[1].get_legend().get_texts()] == ["S=0", "S=0.9"]
    assert figure.axes[0].get_yscale() == "log"
    if rows == 2:
        assert figure.axes[0].get_ylim() == figure.axes[2].get_ylim()
        assert [axes.get_title(loc="left") for axes in figure.axes[::2]] == ["seeds = 3", "seeds = 4"]


def test_losses_may_be_zero(tmp_path):
    table = pd.DataFrame(
        {"variant": ["a", "b"], "seeds": ["1", "2"], "point": "S=0", "loss": [0.0, 0.1], "n_represented": 1}
    )
    grid.draw(table, "intro", ["seeds"], tmp_path / "grid.svg")
    assert (tmp_path / "grid.svg").stat().st_size > 1000
