import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from superposition.claims import CLAIMS, evaluate
from superposition.params import read as read_params
from superposition.report.conditions import conditions
from superposition.report.full_scale import BothScales, both_scales, full_scale_of, with_full_scale
from superposition.report.live import live
from superposition.report.metrics import as_json, few, metrics
from superposition.report.page import linked, page, section
from superposition.report.summary import NoResults, claims_text, summary
from tests import as_printed, hand_made
from tests.hand_made import HandMade
from tests.test_params_document import HEAD

ROOT = Path(__file__).parents[1]
PARAMS = f"""{HEAD}  intro:
    title: Five features <in> two dimensions
    model: relu_output
    n_features: 5
    n_hidden: 2
    sparsity: [0.0, 0.8, 0.9]
    importance: {{geometric: 0.9}}
    seeds: 3
    training: {{steps: 10, batch_size: 8}}
"""


@pytest.fixture
def copy(tmp_path):
    """A working copy with the stages and the results of one experiment, and of another that params.yaml lost."""
    for folder in ("src", "stages"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    (tmp_path / "params.yaml").write_text(PARAMS)
    hand_made.write(as_printed.intro(), tmp_path / "data" / "tables" / "intro")
    hand_made.write(as_printed.basic_results(), tmp_path / "data" / "tables" / "basic_results")
    return tmp_path


def run(folder, *command):
    environment = {"PYTHONPATH": "src", "PATH": ""}
    return subprocess.run([sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True)


def test_the_stages_write_figures_metrics_claims_and_page(copy):
    stale = copy / "reports" / "figures" / "intro" / "old_name.svg"
    stale.parent.mkdir(parents=True)
    stale.touch()
    for command in (["stages/check.py"], ["stages/plot.py", "intro"], ["stages/report.py"]):
        done = run(copy, *command)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
    few = ["metrics/all-experiments.json", "metrics/intro.json"]
    made = sorted(str(file.relative_to(copy / "reports")) for file in (copy / "reports").rglob("*") if file.is_file())
    figures = [f"figures/intro/{name}.svg" for name in ("feature_vectors", "learning_curves", "mathematics")]
    assert made == ["claims.json", "curves/intro.csv", *figures, "index.html", "metrics.json", *few]
    claims = json.loads((copy / "reports" / "claims.json").read_text())
    assert [claim["id"] for claim in claims] == [claim.id for claim in CLAIMS["intro"]]
    assert all((copy / "reports" / claim["figure"]).is_file() for claim in claims)
    assert "basic_results" not in (copy / "reports" / "index.html").read_text()

    first = {file: (copy / "reports" / file).read_bytes() for file in made}
    shutil.rmtree(copy / "reports")
    run(copy, "stages/plot.py", "intro")
    run(copy, "stages/report.py")
    assert {file: (copy / "reports" / file).read_bytes() for file in made} == first


def test_metrics_are_a_few_numbers_for_each_point():
    tables = {"intro": as_printed.intro()}
    found = metrics(tables, evaluate(tables))
    assert found["claims"] == {
        "holds": len(CLAIMS["intro"]) - 1,
        "holds_at_best": 0,
        "fails": 1,
        "differs_from_print": 0,
        "not_tested": 0,
    }
    intro = found["experiments"]["intro"]
    assert (intro["claims"], intro["hold"]) == (len(CLAIMS["intro"]), len(CLAIMS["intro"]) - 1)
    assert [intro[number]["at"] for number in "012"] == ["relu_output S=0", "relu_output S=0.8", "relu_output S=0.9"]
    assert intro["2"].keys() == {"at", "loss", "n_represented"}
    assert intro["2"]["n_represented"] == 5


def test_a_few_metrics_are_a_file_for_each_experiment():
    """A row of `dvc metrics show` each."""
    found = few(
        {
            "experiments": {
                "intro": {
                    "claims": 6,
                    "hold": 4,
                    "0": {"at": "a", "loss": 0.1, "n_represented": 2},
                    "1": {"at": "b", "loss": 0.3, "n_represented": 5},
                },
                "geometry": {"claims": 3, "hold": 3, "mean": {"loss": 0.5, "n_represented": 20.5}},
            }
        }
    )
    assert found == {
        "all-experiments.json": {"claims": 9, "hold": 7},
        "intro.json": {"claims": 6, "hold": 4, "loss": pytest.approx(0.2), "n_represented": 3.5},
        "geometry.json": {"claims": 3, "hold": 3, "loss": 0.5, "n_represented": 20.5},
    }


def test_what_is_compared_is_the_same_of_what_is_stored():
    """A variant has other experiments' numbers from a file."""
    losses = [0.00123456749, 0.00123456649, 0.00123456549]
    points = {str(k): {"at": "", "loss": loss, "n_represented": 1 / 3} for k, loss in enumerate(losses)}
    document = {"experiments": {"a": points | {"claims": 2, "hold": 1}}}
    assert few(json.loads(as_json(document))) == few(document)


def test_of_many_points_the_metrics_are_means(monkeypatch):
    monkeypatch.setattr("superposition.report.metrics.MAX_POINTS", 2)
    tables = {"intro": as_printed.intro()}
    found = metrics(tables, evaluate(tables))["experiments"]["intro"]
    assert found.keys() == {"claims", "hold", "mean"}
    assert found["mean"]["n_represented"] == pytest.approx((2 + 4 + 5) / 3)


def test_points_are_named_by_what_differs():
    own = [HandMade([[0.0, 0.0]], [0, 0], [0.1, 0.2]), HandMade([[1.0, 0.0]], [0, 0], [0.3, 0.4])]
    sets = [HandMade([[0.0, 0.0]], [0, 0], 0.5), HandMade([[1.0, 0.0]], [0, 0], 0.5, sets="correlated", set_size=2)]
    tables = {"own": hand_made.tables(own), "sets": hand_made.tables(sets)}
    found = {key: [point.name for point in conditions(own)] for key, own in tables.items()}
    assert found["own"] == ["relu_output S=per feature 0.1, 0.2", "relu_output S=per feature 0.3, 0.4"]
    assert found["sets"] == ["relu_output S=0.5 independent", "relu_output S=0.5 correlated 2"]


def test_json_has_sorted_keys_six_digits_and_a_final_newline():
    text = as_json({"b": 1 / 3, "a": [1e-9 / 3, 2, "x"]})
    assert text == '{\n "a": [\n  3.33333e-10,\n  2,\n  "x"\n ],\n "b": 0.333333\n}\n'


class Balance(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.images, self.links = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.images.append(dict(attrs)["src"])
        elif tag not in ("meta", "br", "input"):  # which have no end
            self.open.append(tag)
        if tag == "link" or (tag != "img" and "src" in dict(attrs)):
            self.links.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_asks_for_nothing_and_has_no_times(copy):
    experiments = read_params(copy / "params.yaml").experiments
    tables = as_printed.intro()
    evaluation = evaluate({"intro": tables})
    reports = copy / "reports"
    for file in ("figures/intro/b.svg", "figures/intro/a.svg", "full_scale/intro/a.svg", "full_scale/intro/b.svg"):
        (reports / file).parent.mkdir(parents=True, exist_ok=True)
        (reports / file).write_text('<svg width="3" height="2"><path/></svg>', encoding="utf-8")
    (reports / "full_scale/intro/run.json").write_text('{"instances": 1234}', encoding="utf-8")
    (reports / "costs.csv").write_text("experiment,seconds,device\nintro,12.3,2 cores of X\n", encoding="utf-8")
    text = page(
        [section("intro", experiments["intro"], tables, reports)], evaluation, live(experiments, {"intro": tables})
    )
    parser = Balance()
    parser.feed(text)
    assert parser.open == []
    assert parser.links == []
    assert parser.images == ["data:image/svg+xml,<svg width='3' height='2'><path/></svg>"] * 3
    assert text.index('<figure id="figures/intro/a">') < text.index('<figure id="figures/intro/b">')
    assert "Five features &lt;in&gt; two dimensions" in text
    assert f"{len(CLAIMS['intro']) - 1} of {len(CLAIMS['intro'])} claims hold<" in text
    assert "1 fail<" in text
    assert "10 steps of 8 samples, fresh at each step" in text
    # 3 sparsities x 3 seeds x 10 steps x 8 samples, and 6 multiply-adds for each of 5 x 2 weights
    assert "4.3 × 10<sup>4</sup> multiply-adds in training, 12 s on 2 cores of X" in text
    assert text.index('<figure id="full_scale/intro/a">') < text.index("At the paper's full scale: a, of 1,234 models")
    assert re.findall(r'href="../reports/(full_scale/.*?)"', text) == ["full_scale/intro/b.svg"]
    assert not re.search(r"\d\d:\d\d", text)
    assert not re.search(r"20[2-9]\d-\d\d", text)


def test_the_page_says_what_is_known_about_claims_that_fail():
    evaluation = evaluate({"intro": as_printed.intro()})
    first = str(evaluation.verdicts[0]["id"])
    assert list(evaluation.remarks) == ["mathematics.sparse_inputs_dominate"]  # all others hold
    assert "for a reason" in page([], replace(evaluation, remarks={first: "for a reason"}))


def test_the_page_says_what_was_not_tested():
    evaluation = evaluate({"intro": as_printed.basic_results()})
    assert "this run has n = 20, m = 5" in page([], evaluation)


def test_the_summary_fits_a_terminal(copy):
    text = summary(copy, ["intro"])
    assert max(map(len, text.splitlines())) <= 120
    assert "5 features, gaps 72" in text
    head, claims = text.split("\n\n", 1)
    assert head == "page     reports/partial/index.html (reports/index.html is of the last run of all experiments)"
    assert claims.startswith(
        f"{len(CLAIMS['intro'])} claims: {len(CLAIMS['intro']) - 1} hold, 0 hold at best, 1 fail, "
    )
    assert text.count("holds") == len(CLAIMS["intro"]) - 1
    assert "page" not in summary(copy, [])  # it was not made yet


def test_the_summary_has_the_verdicts_of_the_report(copy):
    tables = {"intro": as_printed.intro()}
    evaluation = evaluate(tables)

    def report(claims, numbers) -> str:
        """What is said beside such a report."""
        (copy / "reports").mkdir(exist_ok=True)
        (copy / "reports/claims.json").write_text(json.dumps(claims), encoding="utf-8")
        (copy / "reports/metrics.json").write_text(json.dumps(numbers), encoding="utf-8")
        return summary(copy, [])

    judged = summary(copy, [])
    assert run(copy, "stages/check.py").returncode == 0
    numbers = metrics(tables, evaluation)
    assert report(evaluation.verdicts, numbers) == judged
    first, *others = evaluation.verdicts
    altered = [{**first, "measured": "as the report says"}, *others]
    assert "as the report says" in report(altered, numbers)
    of_others = numbers | {"experiments": numbers["experiments"] | {"other": {}}}
    partly = numbers | {"claims": numbers["claims"] | {"not_tested": 1}}
    for claims, said in ((others, numbers), (altered, of_others), (altered, partly)):
        assert report(claims, said) == judged


def test_the_summary_of_a_report_needs_no_library(copy):
    """Nobody waits seconds for libraries when there was nothing to do."""
    for command in (["stages/check.py"], ["stages/plot.py", "intro"], ["stages/report.py"]):
        assert run(copy, *command).returncode == 0
    done = run(copy, "-X", "importtime", "-m", "superposition.report.summary")
    assert (done.returncode, done.stdout.count("reports/index.html")) == (0, 1)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert loaded & {"numpy", "pandas", "pydantic", "ruamel"} == set()
    assert "superposition" in loaded


def test_the_summary_says_what_was_not_tested():
    evaluation = evaluate({"intro": as_printed.basic_results()})
    text = claims_text(evaluation.verdicts, evaluation.untested)
    assert "\nnot tested: Without sparsity" in text
    assert max(map(len, text.splitlines())) <= 120


def test_the_summary_says_of_how_few_runs_a_verdict_is():
    """Two seeds at each point by hand: beside each verdict."""
    text = claims_text(evaluate({"basic_results": as_printed.basic_results()}).verdicts)
    assert " ".join(text.split()).count("only") == text.count("of 2") == len(CLAIMS["basic_results"])
    assert "only" not in claims_text(evaluate({"intro": as_printed.intro()}).verdicts)  # three seeds


def test_the_summary_of_what_is_missing_is_an_error(copy):
    with pytest.raises(NoResults, match=r"no experiment other in params\.yaml, which has: intro"):
        summary(copy, ["other"])
    shutil.rmtree(copy / "data")
    with pytest.raises(NoResults, match="no results in"):
        summary(copy, [])
    with pytest.raises(FileNotFoundError, match="dvc repro measure@intro"):
        summary(copy, ["intro"])
    done = run(copy, "-m", "superposition.report.summary")
    assert done.returncode == 1
    assert done.stderr.startswith("error: no results")
    assert "Traceback" not in done.stderr


def test_what_claims_came_to_at_full_scale_stands_beside_them(tmp_path):
    """If their words and limits were the same; of another criterion it is said."""
    verdicts = evaluate({"intro": as_printed.intro()}).verdicts
    first, second, third = verdicts[:3]
    folder = tmp_path / "intro"
    folder.mkdir()
    there = [first | {"verdict": "fails", "measured": "less"}, second | {"tolerance": "another"}]
    (folder / "claims.json").write_text(json.dumps(there), encoding="utf-8")
    (folder / "run.json").write_text(json.dumps({"instances": 7, "commit": "abc"}), encoding="utf-8")
    found = with_full_scale(verdicts, tmp_path)
    expected = {"verdict": "fails", "measured": "less", "same_criterion": True, "instances": 7, "commit": "abc"}
    assert expected.items() <= found[0]["full_scale"].items()
    assert found[1]["full_scale"]["same_criterion"] is False
    assert found[2]["full_scale"] is None
    assert both_scales(found) == BothScales(2, 1, [first["id"]])
    text = page([], replace(evaluate({"intro": as_printed.intro()}), verdicts=found))
    assert "At full scale: fails, less</small>" in text
    assert "(by an earlier criterion)" in text
    assert "2 of these claims were judged at the paper's full scale too (1 by an earlier criterion)" in " ".join(
        text.split()
    )
    assert f'<a href="#{first["id"]}"><code>' in text
    assert text.count("At full scale") == 2
    assert third["id"] in text


def test_a_large_figure_of_full_scale_is_a_file_beside_the_page(tmp_path, monkeypatch):
    folder = tmp_path / "full_scale/intro"
    folder.mkdir(parents=True)
    (folder / "a.svg").write_text('<svg width="1pt" height="1pt" viewBox="0 0 1 1"></svg>', encoding="utf-8")
    (folder / "run.json").write_text('{"instances": 2}', encoding="utf-8")
    assert full_scale_of("intro", tmp_path).picture.place == "full_scale/intro/a"
    monkeypatch.setattr("superposition.report.full_scale.LARGE", 10)
    found = full_scale_of("intro", tmp_path)
    assert (found.picture, found.others) == (None, ["full_scale/intro/a.svg"])


def test_each_claim_leads_to_the_file_that_checks_it():
    for claim in (one for group in CLAIMS.values() for one in group):
        source = ROOT / linked({"id": claim.id, "figure": "", "verdict": "fails", "share": None})["source"]
        assert source.is_file(), claim.id
        assert source.parent == ROOT / "src/superposition/claims"
    assert linked({"id": "gone.long_ago", "figure": "", "verdict": "fails", "share": None})["source"].endswith(
        "/claims"
    )
