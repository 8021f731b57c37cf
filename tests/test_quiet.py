"""What is changed of DVC's command line: a hint that is left out, and texts that are parsed once."""

import pytest
from dvc.utils import strictyaml
from dvc.utils.serialize import _yaml

from scripts import quiet


def test_the_hint_is_left_out_and_nothing_else(monkeypatch):
    said = []
    monkeypatch.setattr(quiet, "write", lambda *texts, **options: said.append((texts, options)))
    quiet.without_hint(quiet.HINT)
    quiet.without_hint("Data and pipelines are up to date.", force=True)
    assert said == [(("Data and pipelines are up to date.",), {"force": True})]


def test_a_text_is_parsed_once_and_everyone_gets_a_copy():
    assert strictyaml.parse_yaml is _yaml.parse_yaml is quiet.parse  # what DVC calls, and what takes its place
    quiet.parsed.cache_clear()
    text = "a: [1, {b: c}]  # said\n"
    quiet.parse_yaml(text, "dvc.lock")["a"].append(2)
    assert quiet.parse_yaml(text, "dvc.lock") == {"a": [1, {"b": "c"}]}
    assert quiet.parsed.cache_info().hits == 1
    assert quiet.parse_yaml("a: 2\n", "dvc.lock") == {"a": 2}
    assert hasattr(quiet.parse_yaml(text, "dvc.lock", typ="rt"), "ca")  # which has the comments
    with pytest.raises(_yaml.YAMLFileCorruptedError, match=r"dvc\.lock"):
        quiet.parse_yaml("[", "dvc.lock")
