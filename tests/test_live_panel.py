"""The panel that trains models where the page is read: what it embeds, what it leaves out, and that it works."""

import hashlib
import inspect
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from superposition.claims import evaluate
from superposition.params.schema import Initial, Training
from superposition.report.live import SCRIPTS, digest, live, source, unfit
from superposition.report.page import page as page_text
from tests import as_printed, hand_made
from tests.browser import page, said_in_firefox
from tests.test_live import IDENTITY, SMALL, TRAINING, document, panel, tables_of, world_of

ROOT = Path(__file__).parents[1]

# ---- What the page embeds.


def test_the_panel_has_digests_of_the_weights_in_the_tables():
    tables = as_printed.intro()
    keys = {"sparsity": [0.0, 0.8, 0.9], "seeds": 3}
    settings = json.loads(panel(document(**keys), tables).settings)
    assert len(settings["instances"]) == 9
    assert [one["best"] for one in settings["instances"]] == tables.instances["best"].tolist()
    moved = replace(tables, weights=tables.weights.copy())
    moved.weights.loc[moved.weights["instance"] == 4, "value"] += 2.0**-18
    after = json.loads(panel(document(**keys), moved).settings)
    changed = [a["digest"] != b["digest"] for a, b in zip(settings["instances"], after["instances"], strict=True)]
    assert changed == [instance == 4 for instance in range(9)]
    assert (
        digest(np.array([[1.0]]), np.array([-(2.0**-18)]))
        == hashlib.blake2b(bytes([0, 0, 4, 0, 255, 255, 255, 255]), digest_size=32).hexdigest()
    )


def test_the_panel_is_small_closed_in_itself_and_made_of_the_same_bytes():
    keys = {"sparsity": [0.0, 0.8, 0.9], "seeds": 3}
    tables = as_printed.intro()
    evaluation = evaluate({"intro": tables})
    text = page_text([], evaluation, panel(document(**keys), tables))
    assert text == page_text([], evaluation, panel(document(**keys), tables))
    assert len(text.encode()) - len(page_text([], evaluation).encode()) < 60_000 - 21 * 500  # `intro` has 21 more
    assert text.count("<script") == text.count("</script>") == 4  # the last one is the page's own
    own = "".join((source("html.jinja"), source("css"), *(source(f"{name}.js") for name in (*SCRIPTS, "own", "panel"))))
    for asks in ("http", "src=", "import ", "import(", "fetch(", "XMLHttp", "url(", "@import"):
        assert asks not in own.replace("http://www.w3.org/2000/svg", "")
    for inexact in (
        "Math.exp",
        "Math.log",
        "Math.cos",
        "Math.sin",
        "Math.pow",
        "Math.round",
        "Math.cbrt",
        "Math.random",
    ):
        assert inexact not in TRAINING.partition("const GRIDS")[2] + source("own.js")
    assert "<!--" not in text


@pytest.mark.parametrize(
    ("keys", "left_out", "instances"),
    [
        ({}, [], 4),
        ({"training": SMALL | {"arithmetic": "float32"}}, ["arithmetic: float32"], 0),
        ({"training": SMALL | {"sample_size": 400}}, ["sample_size: 400"], 0),
        ({"values": "signed"}, ["values: signed"], 0),
        ({"n_features": 33}, ["n_features: 33"], 0),
        ({"importance": 1.0, "training": SMALL | {"control_variate": 0.5}}, ["control_variate: 0.5"], 0),
        (
            {"training": SMALL | {"weight_decay": {"weights": -1.0, "biases": 0.0}}},
            ["weight_decay of weights and of biases"],
            0,
        ),
        ({"training": SMALL | {"schedule": "linear", "floor": 0.5}}, ["floor: 0.5"], 0),
        ({"initial": {"rule": "identity", "gain": 1.0, "bias": -0.5, "hidden_bias": 0.0}}, IDENTITY, 0),
        ({"seeds": 31}, ["all but the first 60 of 62 models"], 60),
        ({"held_out": 100_000}, ["held_out: 100000"], 0),
        ({"model": ["linear", "relu_hidden"]}, ["model: relu_hidden"], 4),
        ({"n_features": 6, "sets": ["independent", {"correlated": 3}]}, ["sets: correlated in sets of 3"], 4),
        ({"training": SMALL | {"steps": 10**6, "batch_size": 2000}}, ["n_hidden: 2, which takes too long"], 0),
    ],
)
def test_what_the_scripts_cannot_train_is_left_out_with_a_word(keys, left_out, instances):
    written = document(**keys)
    world = world_of("intro", written | {"experiments": {"intro": written["experiments"]["intro"]}})
    models = [
        hand_made.HandMade(
            W=np.zeros((2, keys.get("n_features", 5))).tolist(),
            b=[0.0] * keys.get("n_features", 5),
            sparsity=row.sparsity,
            model=row.model,
            sets=row.sets,
            set_size=row.set_size,
            seed=row.seed,
        )
        for row in world.instances.itertuples()
    ]
    tables = hand_made.tables(models)
    found = panel(written, tables)
    assert found.left_out == left_out
    assert found.instances == instances
    text = page_text([], evaluate({"intro": tables}), found)
    assert all(words in text for words in left_out)
    assert ('id="live-form"' in text) == bool(instances)


def test_each_setting_of_training_is_known_to_the_scripts_or_left_out():
    known = TRAINING + source("own.js") + source("worker.js") + inspect.getsource(unfit)
    # Snapshots change nothing that is trained, and models with biases of hidden dimensions have no panel.
    settings = {*Training.model_fields, *Initial.model_fields} - {"snapshots", "hidden_bias"}
    assert [name for name in sorted(settings) if not re.search(rf"\b{name}\b", known)] == []


def test_there_is_no_panel_without_its_experiment():
    assert live({}, {}) is None
    assert 'id="live"' not in page_text([], evaluate({"intro": as_printed.intro()}))


# ---- The panel at work, in a browser.


@pytest.fixture(scope="module")
def written_page(tmp_path_factory):
    """The page of a small `intro`."""
    folder = tmp_path_factory.mktemp("live")
    tables = tables_of("intro", document(), folder)
    return page_text([], evaluate({"intro": tables}), panel(document(), tables))


TRAINED = """new Promise((go) => {
    const said = document.getElementById("live-said");
    const look = () => /bits|Trained|stopped/.test(said.textContent) ? go(said.textContent) : setTimeout(look, 20);
    look();
})"""


def choose(opened, value: str) -> None:
    opened.evaluate(f"""(() => {{
        const which = document.getElementById("live-which");
        which.value = "{value}";
        which.dispatchEvent(new Event("change"));
    }})()""")


def press(opened) -> None:
    opened.evaluate("document.getElementById('live-run').click()")


def test_the_panel_trains_in_a_browser(tmp_path, written_page):
    file = tmp_path / "index.html"
    file.write_text(written_page, encoding="utf-8")
    with page(file.as_uri(), tmp_path / "browser") as opened:
        assert opened.evaluate("document.querySelectorAll('#live-which option').length") == 6  # 4, all and one's own
        press(opened)
        assert "This browser computed the same bits" in opened.evaluate(TRAINED)
        assert opened.evaluate("document.querySelectorAll('#live-models line').length") == 5
        assert "step 120 of 120" in opened.evaluate("document.getElementById('live-where').textContent")
        choose(opened, "all")
        # Started and stopped at once, before any worker can have answered.
        stopped = "(run => (run.click(), run.click(), document.getElementById('live-said').textContent))"
        assert opened.evaluate(f"{stopped}(document.getElementById('live-run'))") == "Stopped."
        press(opened)  # and it goes on
        assert "the weights of all 4 models have the committed digests" in opened.evaluate(TRAINED)
        assert opened.evaluate("document.querySelectorAll('#live-models .holds').length") == 4
        choose(opened, "own")
        press(opened)
        assert "Trained. No digest was committed of this model" in opened.evaluate(TRAINED)


def test_the_panel_finds_the_same_bits_in_firefox(tmp_path, written_page):
    """In an engine of another maker: one model, and then all of them."""
    train = f"""(async () => {{
        const which = document.getElementById("live-which"), run = document.getElementById("live-run");
        run.click();
        const one = await {TRAINED};
        which.value = "all";
        which.dispatchEvent(new Event("change"));
        document.getElementById("live-said").textContent = "";
        run.click();
        return [one, await {TRAINED}, document.querySelectorAll("#live-models .holds").length].join(" | ");
    }})()"""
    one, all_of_them, models = said_in_firefox(written_page, train, tmp_path).split(" | ")
    assert "This browser computed the same bits" in one
    assert "the weights of all 4 models have the committed digests" in all_of_them
    assert models == "4"


def test_the_panel_says_which_models_have_other_bits(tmp_path, written_page):
    file = tmp_path / "index.html"
    (first, *_) = re.findall(r'"digest":"(\w+)"', written_page)
    file.write_text(written_page.replace(first, first[::-1]), encoding="utf-8")
    with page(file.as_uri(), tmp_path / "browser") as opened:
        choose(opened, "all")
        press(opened)
        text = opened.evaluate(TRAINED)
        assert "other bits This browser found other weights for relu_output S=0, seed 0." in text
        assert f"The digest of relu_output S=0, seed 0 is {first}, and the committed one {first[::-1]}." in text
        assert opened.evaluate("document.querySelectorAll('#live-models .fails').length") == 1
