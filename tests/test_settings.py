"""Settings as people write them for `make vary`."""

from copy import deepcopy

import pytest

from scripts.settings import Unclear, apply, settings, shown

DEFAULTS = {"sparsity": 0.0, "importance": 1.0, "training": {"steps": 10, "betas": [0.9, 0.999]}}
BLOCK = {
    "model": ["linear", {"name": "mine", "hidden_l1": 1.0}],
    "n_hidden": 2,
    "sparsity": [0.0, 0.8, 0.9],
    "importance": {"geometric": 0.9},
}


def changed(text: str) -> dict:
    """What becomes of the block; only keys that are other."""
    block = deepcopy(BLOCK)
    for setting in settings(text, "intro"):
        apply(setting, block, deepcopy(DEFAULTS))
    return {key: value for key, value in block.items() if value != BLOCK.get(key)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sparsity=[0, 0.5,0.95]", {"sparsity": [0, 0.5, 0.95]}),
        ("sparsity=0.5 seeds = 3", {"sparsity": 0.5, "seeds": 3}),
        ("sparsity=0.5; seeds=3;", {"sparsity": 0.5, "seeds": 3}),
        ("experiments.intro.seeds=3", {"seeds": 3}),
        ("training.steps=1e3", {"training": {"steps": 1000}}),
        ("training.steps=1.5e3", {"training": {"steps": 1500}}),
        ("training.learning_rate=5e-5", {"training": {"learning_rate": 5e-5}}),
        ("importance={listed: [1, 1e-5]}", {"importance": {"listed": [1, 1e-5]}}),
        ("importance.geometric=0.8", {"importance": {"geometric": 0.8}}),
        ("sparsity[0]=0.2 sparsity[-1]=0.95", {"sparsity": [0.2, 0.8, 0.95]}),
        ("training.betas[0]=0.5", {"training": {"betas": [0.5, 0.999]}}),
        ("model[1].hidden_l1=2", {"model": ["linear", {"name": "mine", "hidden_l1": 2}]}),
        ("training.sample_size=null", {"training": {"sample_size": None}}),
        ("title=Other words; seeds=2", {"title": "Other words", "seeds": 2}),
    ],
)
def test_values_are_put_in_their_place(text, expected):
    assert changed(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "seeds=3 seeds=4",
        "sparsity[0]=0.2 sparsity=[0.1, 0.2]",
        "training={steps: 5} training.steps=6",
        "experiments.intro.seeds=3 seeds=3",
    ],
)
def test_what_is_said_twice_is_refused(text):
    with pytest.raises(Unclear, match="write one of them"):
        settings(text, "intro")


def test_whole_numbers_stay_whole():
    (steps,) = settings("training.steps=1e3", "intro")
    assert type(steps.value) is int
    (rate,) = settings("training.learning_rate=1e-3", "intro")
    assert type(rate.value) is float
    (both,) = settings("full_scale={steps: [1e3, 2e-3], b: 1e2}", "intro")
    assert shown(both.value) == "{steps: [1000, 0.002], b: 100}"


def test_texts_stay_what_they_are():
    (text,) = settings("about=my 1e3 steps", "intro")
    assert text.value == "my 1e3 steps"
    first, second = settings('about="a seeds=2" seeds=3', "intro")
    assert (first.value, second.value) == ("a seeds=2", 3)
    first, second = settings("about=it's seeds=3", "intro")
    assert (first.value, second.value) == ("it's", 3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", 'SET is empty; write what is to be other, as SET="'),
        ("sparsity", "must be key=value"),
        ("sparsity=", "has no value; write one, or null"),
        ("sparsity=[0,", "sparsity: is not valid YAML in line 1, column 4"),
        ("sparsity=[0,", "; lists are [1, 2], mappings {key: value}, text 'in quotes'"),
        ('title="a\\x7fb"', "title = 'a\\x7fb': has the character U+007F; must be without"),
        ("sparsity=" + "[" * 1000, "is nested too deep"),
        (
            "sparsity=[&a [1, 1], &b [*a, *a], &c [*b" + ", *b" * 99 + "], [*c" + ", *c" * 99 + "]]",
            "beyond the 10000 k",
        ),
        ("about=!!python/object/apply:os.system [ls]", "has a tag, in line 1; must be without any"),
        ("about=2020-01-31", "is a date for YAML; must be in quotes"),
        ("seeds=" + "1" * 9000, "has 9000 characters; allowed: numbers of at most 40"),
        ("seeds=" + " " * 99_999 + "1", "SET has 100006 characters; allowed: at most 10000"),
        ("+seeds=3", "+ and ~ are DVC's; here key=value adds or replaces: seeds=3"),
        ("seed=3", "keys are those of the block of intro"),
        ("defaults.seeds=3", "what concerns other experiments is changed in params.yaml"),
        ("sparsity[3]=0.95", "a longer list is written as a whole: sparsity=[0.0, 0.8, 0.9, 0.95]"),
        ("n_hidden[0]=3", "n_hidden is 2, which has no elements; write n_hidden=[...]"),
        ("n_hidden.x=3", "n_hidden is 2, which has no keys; write n_hidden={x: 3}"),
        ("training.steps.x=3", "training.steps is 10, which has no keys; write training.steps={x: 3}"),
        ("model.hidden_l1=2", "model is a list; write model[0].hidden_l1=..., or all of it, model=[...]"),
        ("sparsity.start=0.2", "sparsity is a list; write all of it, sparsity=[...]"),
        ("measures[0]=1", "measures is not there, so that it has no elements"),
    ],
)
def test_what_cannot_be_meant_is_said_with_what_to_write_instead(text, said):
    with pytest.raises(Unclear) as refused:
        changed(text)
    assert said in str(refused.value)
