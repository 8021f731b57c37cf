"""What may stand in params.yaml at all: files that are refused, in one message and in time, and what is read alike."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from stages import check
from superposition.params import Params, ParamsError, document, read, read_checked
from superposition.params.document import MAX_BYTES, MAX_DEPTH, MAX_VALUES, as_json, parse
from superposition.params.faults import SHOWN, WIDTH
from superposition.params.scalars import MAX_NUMBER, MAX_TEXT

ROOT = Path(__file__).parent.parent
# Calls that a check makes at most: ten for each of the bytes that a file may have; the most are 3.6 million [measured].
CALLS = 10 * MAX_BYTES

HEAD = """\
seed: 0
scale: default
defaults:
  sparsity: 0.0
  importance: 1.0
  sets: independent
  values: unit
  seeds: 5
  held_out: 8192
  loss_error: 0.01
  initial: {rule: xavier, gain: 1.0, bias: 0.0, hidden_bias: 0.0}
  training:
    {steps: 100, batch_size: 64, sample_size: null, learning_rate: 0.001, schedule: constant, floor: 0.0,
     warmup_steps: 0, betas: [0.9, 0.999], eps: 1.0e-8, weight_decay: 0.01, arithmetic: exact, snapshots: 5}
experiments:
"""


def block(name: str = "mine", **keys: Any) -> str:
    """An experiment as it is written, with keys of its own."""
    written = {"model": "relu_output", "n_features": 3, "n_hidden": 2} | keys
    return f"  {name}:\n" + "".join(f"    {key}: {value}\n" for key, value in written.items())


def whole(**keys: Any) -> str:
    return HEAD + block(**keys)


def several(number: int, **keys: Any) -> str:
    return HEAD + "".join(block(f"e{i}", **keys) for i in range(number))


def doubled(first: str, form: str) -> str:
    """25 lines, each of which stands for the one before twice: 2^25 of the first."""
    lines = [f"a0: &a0 {first}"] + [f"a{i}: &a{i} {form.replace('*', f'*a{i - 1}')}" for i in range(1, 26)]
    return "\n".join(lines) + "\n"


def numbers(count: int, number: str = "0.5") -> str:
    return f"[{', '.join([number] * count)}]"


def size(value: Any, of_key: int = 1) -> int:
    """How many values a document consists of, with itself and, unless a key counts nothing, its keys."""
    if isinstance(value, dict):
        return 1 + sum(of_key + size(inner, of_key) for inner in value.values())
    return 1 + sum(size(inner, of_key) for inner in value) if isinstance(value, list) else 1


WHOLE = YAML(typ="safe").load(whole())
LEFT = MAX_VALUES - size(WHOLE)  # keys and values that may be added
INHERITED = 4_000 + size(WHOLE["defaults"], of_key=0) - 1  # values of the defaults, with a list of 4000 for one key
VALUES = f"is beyond the {MAX_VALUES} keys and values that a file may hold"
BYTES = f"params.yaml: has more than {MAX_BYTES} bytes; allowed: at most that many"
DEEP = f"is nested too deep; allowed: at most {MAX_DEPTH} lists and mappings, one in another"
MINE = "experiments.mine"
NO_CHARACTER = "must be without control characters, separators of lines, overrides of the direction of text and what is"
IN_QUOTES = "must be in quotes, if it is to be text"
RANGE = "{start: 0, stop: 0.9, num: 1000000, spacing: log}"
LARGE = {"n_features": 100000, "training": "{arithmetic: float32}"}

# What is in the file, and how the first line of the message begins.
TOO_MUCH = {
    "aliases of lists": (doubled("[1, 2]", "[*, *]"), "a11[0]: " + VALUES),
    "aliases of mappings": (doubled("{x: 1}", "{x: *, y: *}"), "a10.y: " + VALUES),
    "merges of mappings": (doubled("{x: 1}", "{<<: [*, *], y: 1}"), "a10.'<<'[0]: " + VALUES),
    "aliases in an axis": (
        whole(sparsity=f"[&a {numbers(90)}, &b [{', '.join(['*a'] * 90)}], [{', '.join(['*b'] * 90)}]]"),
        f"{MINE}.sparsity[2][0]: {VALUES}",
    ),
    "list of 5 MB": (whole(sparsity=numbers(1_000_000)), BYTES),
    "mapping of 5 MB": (whole(x=f"{{{', '.join(f'k{i}: 1' for i in range(400_000))}}}"), BYTES),
    "list": (whole(sparsity=numbers(90_000)), f"{MINE}.sparsity[{LEFT - 2}]: {VALUES}"),
    "100000 unknown keys": (whole(**{f"k{i}": 1 for i in range(100_000)}), BYTES),
    "10000 unknown keys": (whole(**{f"k{i}": 1 for i in range(10_000)}), f"{MINE}.k{LEFT // 2}: {VALUES}"),
    "4000 unknown keys": (whole(**{f"step{i}": 1 for i in range(4_000)}), f"{MINE}.step0 = 1: is an unknown key; "),
    "5000 wrong points": (whole(sparsity=numbers(5_000, "2")), f"{MINE}.sparsity[0] = 2: must be a number, at least"),
    "5000 equal points": (whole(sparsity=numbers(5_000)), f"{MINE}.sparsity[1]: must differ from the other points"),
    "10 x 1000000 seeds": (several(10, seeds=1_000_000), "experiments: have 10000000 instances together (e0 1000000,"),
    "10 x 1000000 points": (several(10, sparsity=RANGE, seeds=1), "experiments: have 10000000 instances together (e0"),
    "10 x 50000 points": (
        several(10, importance="{start: 0.1, stop: 10, num: 50000, spacing: log}", seeds=1),
        "experiments: have 500010 points of sparsity and importance together (e0 50001, ",
    ),
    "at full scale": (
        several(3, full_scale="{seeds: 1000000}"),
        "experiments: have 3000000 instances together (e0 1000000, ",
    ),
    "geometric curves": (
        several(2, **LARGE | {"n_hidden": 1, "seeds": 1, "importance": "{geometric: 0.9999}"}),
        "experiments: have 200000 importances and densities of curves together (e0 100000, e1 100000); allowed: at",
    ),
    "families of features at many sparsities": (
        whole(
            n_features=2,
            seeds=1,
            sets=f"[{', '.join(f'{{parents: [null, 0], active: 0.5, inactive: 0.{i:03}}}' for i in range(900))}]",
            sparsity="{start: 0.1, stop: 0.9, num: 1000}",
        ),
        "experiments: have 1800000 features of points of sets and sparsity together (mine 1800000); allowed: at most",
    ),
    "a ratio whose powers are beyond all numbers": (
        whole(**LARGE | {"n_hidden": 1, "seeds": 1, "importance": "{geometric: 1.0e+308}"}),
        f"{MINE}.importance.geometric = 1e+308: must keep r^(n_features - 1) between 1e-12 and 1e+06; n_features = 1",
    ),
    "long lists for many": (
        several(500).replace("sparsity: 0.0", f"sparsity: {numbers(4_000)}"),
        f"defaults: hold {INHERITED} values, {500 * INHERITED} with those that each of 500 experiments inherits; ",
    ),
    "sets of many features": (
        whole(**LARGE | {"n_hidden": 50000}, measures="{explanations: {active: [1], samples: 1, tolerance: 0.1}}"),
        f"{MINE}.measures.explanations: must be null where features make more than 20000 sets",
    ),
    "numbers of active features": (
        whole(measures=f"{{explanations: {{samples: 1, tolerance: 0.1, active: {numbers(9_000, '1')}}}}}"),
        f"{MINE}.measures.explanations.active[1] = 1: must be in the list once",
    ),
    "models without what is switched off": (
        whole(
            model=f"[{', '.join(f'{{name: m{i}, output: linear}}' for i in range(900))}]",
            measures=f"{{ablations: {{samples: 1, without: {numbers(900, 'relu')}}}}}",
        ),
        f"{MINE}.measures.ablations.without[0] = 'relu': must be something that a model of the experiment has",
    ),
    "models x widths that do not fit": (
        whole(
            model=f"[{', '.join(f'{{name: m{i}}}' for i in range(900))}]", n_hidden=str(list(range(1, 1001))), seeds=1
        ),
        f"{MINE}.n_hidden[3] = 4: must be at most n_features = 3 for tied models that are linear on h, ",
    ),
    "1000 brackets": ("[" * 1000, f"{'[0]' * 20}: {DEEP}"),
    "1000 brackets that close": (whole(sparsity="[" * 1000 + "]" * 1000), f"{MINE}.sparsity{'[0]' * 17}: {DEEP}"),
    "1000 braces": (whole(sparsity="{a: " * 1000 + "1" + "}" * 1000), f"{MINE}.sparsity{'.a' * 17}: {DEEP}"),
    "1000 dashes": (whole(x="\n      " + "- " * 1000 + "1"), f"{MINE}.x{'[0]' * 17}: {DEEP}"),
    "400000 brackets": ("[" * 400_000, f"{'[0]' * 20}: {DEEP}"),
    "1000 question marks": ("? " * 1000 + "1", "params.yaml: has a list or mapping as a key, in line 1; must be text"),
    "300 blocks": ("".join(" " * i + "k:\n" for i in range(300)), f"k{'.k' * 19}: {DEEP}"),
    "text of 400000 characters": (whole(title="x" * 400_000), f"{MINE}.title = '{'x' * (WIDTH - 5)} ...: has 400000"),
    "60000 lines of text": (whole(about="|\n" + "      x\n" * 60_000), f"{MINE}.about = 'x\\nx\\n"),
    "the same long text": (whole(x=f"[&x {'x' * MAX_TEXT}, {', '.join(['*x'] * 9000)}]"), f"{MINE}.x = ['xxxx"),
    "key of 90000 characters": (HEAD + f"  ? {'k' * 90_000}\n  : 1\n", "experiments.kkkkkkkkkkk"),
    "100000 control characters": ("# " + "\x07\n# " * 100_000, "params.yaml: has the character U+0007 in line 1; must"),
}

CODES = [
    0x00,
    0x01,
    0x07,
    0x09,
    0x0B,
    0x0D,
    0x1B,
    0x7F,
    0x80,
    0x85,
    0x9F,
    0x2028,
    0x2029,
    0x202A,
    0x202E,
    0x2066,
    0x2069,
]
CODES += [0xD800, 0xDFFF, 0xFDD0, 0xFEFF, 0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFF]


def strange(code: int) -> str:
    return f"{MINE}.title = {f'a{chr(code)}b'!r}: has the character U+{code:04X}; {NO_CHARACTER}"


UNREADABLE: dict[str, tuple[str | bytes, str]] = {
    f"U+{code:04X} escaped": (whole(title=f'"a\\U{code:08x}b"'), strange(code)) for code in CODES
}
UNREADABLE |= {
    f"U+{code:04X} as it is": (whole(title=f'"a{chr(code)}b"'), strange(code))
    for code in CODES
    if code != 0x0D and not 0xD800 <= code < 0xE000  # an end of a line; not to be encoded
}
UNREADABLE |= {
    "in a paragraph": (
        whole(about=">-\n      a\n      b\x7f c"),
        f"{MINE}.about = 'a b\\x7f c': has the character U+007F",
    ),
    "in text without quotes": (whole(about="a\x85b"), f"{MINE}.about = 'a\\x85b': has the character U+0085; must be"),
    "in a model's name": (whole(model='{name: "a\\x80"}'), f"{MINE}.model.name = 'a\\x80': has the character U+0080;"),
    "in a key": (whole(**{"a\x7f": 1}), f"{MINE}.'a\\x7f': has the character U+007F; must be without"),
    "in a comment": ("# a\x85b\n" + whole(), "params.yaml: has the character U+0085 in line 1; must be without"),
    "between keys": (HEAD + "\x0c\n" + block(), "params.yaml: is not valid YAML in line 17"),
    "a pair of halves": (whole(title='"\\ud83d\\ude00"'), f"{MINE}.title = '\\ud83d\\ude00': has the character U+D83D"),
    "with a stand-in": (whole(title="\ufffd\x7f"), f"{MINE}.title = '\ufffd\\x7f': has the character U+007F; must be"),
    "not UTF-8": (b"\n# a\xe4\n" + whole().encode(), "params.yaml: is not UTF-8: byte 0xe4 in line 2; must be saved"),
    "UTF-16": (whole().encode("utf-16"), "params.yaml: is not UTF-8: byte 0xff in line 1; must be saved as UTF-8"),
    "a half in UTF-8": (whole(title="\ud800").encode("utf-8", "surrogatepass"), "params.yaml: is not UTF-8: byte 0xed"),
    "a tab that indents": (HEAD + "\tx: 1\n", "params.yaml: is not valid YAML in line 16, column 1 (experiments): "),
    "a bracket too few": (whole(sparsity="[0.1"), f"params.yaml: is not valid YAML in line 21, column 1 ({MINE}.spar"),
    "an indent too many": (whole() + "     x: 1\n", f"params.yaml: is not valid YAML in line 20, column 7 ({MINE}): "),
}

# What has two meanings, or none.
MANIFOLD = {
    "a key twice": (
        whole() + "    n_hidden: 1\n",
        f"{MINE}.n_hidden: must be there once; it is in line 19 and in line 20",
    ),
    "an experiment twice": (whole() + block(), f"{MINE}: must be there once; it is in line 16 and in line 20"),
    "a key in quotes twice": (whole() + '    "model": linear\n', f"{MINE}.model: must be there once; it is in line 17"),
    "octal": (
        whole(seeds="017"),
        f"{MINE}.seeds = 017: begins with 0, which some read as octal; must begin with another",
    ),
    "no octal": (
        whole(seeds="-09"),
        f"{MINE}.seeds = -09: begins with 0, which some read as octal; must begin with anot",
    ),
    "5000 digits": (
        whole(seeds="1" * 5000),
        f"{MINE}.seeds = {'1' * (WIDTH - 4)} ...: has 5000 characters; allowed: numb",
    ),
    "5000 of base 16": (
        whole(seeds="0x" + "f" * 5000),
        f"{MINE}.seeds = 0x{'f' * (WIDTH - 6)} ...: has 5002 characters;",
    ),
    "41 digits": (
        whole(seeds="1" * 41),
        f"{MINE}.seeds = {'1' * 41}: has 41 characters; allowed: numbers of at most 40",
    ),
    "too large": (
        whole(sparsity="1e999"),
        f"{MINE}.sparsity = 1e999: is out of range; allowed: 0, and sizes from about",
    ),
    "too negative": (
        whole(sparsity="-1.0e+400"),
        f"{MINE}.sparsity = -1.0e+400: is out of range; allowed: 0, and sizes",
    ),
    "too small": (
        whole(sparsity="1e-999"),
        f"{MINE}.sparsity = 1e-999: is out of range; allowed: 0, and sizes from about",
    ),
    "not a number": (whole(sparsity=".nan"), f"{MINE}.sparsity = nan: must be a number, at least 0 and below 1"),
    "infinite": (whole(importance="-.inf"), f"{MINE}.importance = -inf: must be a number between 1e-12 and 1e+06"),
    "no digits": (whole(seeds="-_"), f"{MINE}.seeds = -_: is no number, although YAML takes it for one; {IN_QUOTES}"),
    "base 60": (whole(seeds="1:30"), f"{MINE}.seeds = '1:30': must be a whole number of seeds, a list"),
    "yes": (whole(model="{name: a, tied: yes}"), f"{MINE}.model.tied = 'yes': must be true or false"),
    "off": (whole(model="{name: a, tied: off}"), f"{MINE}.model.tied = 'off': must be true or false"),
    "a date": (whole(title="2020-01-31"), f"{MINE}.title = 2020-01-31: is a date for YAML; {IN_QUOTES}"),
    "no such date": (whole(title="2020-13-45"), f"{MINE}.title = 2020-13-45: is a date for YAML; {IN_QUOTES}"),
    "a time": (
        whole(title="2020-01-31 10:00:00"),
        f"{MINE}.title = 2020-01-31 10:00:00: is a date for YAML; {IN_QUOTES}",
    ),
    "a number as a title": (
        whole(title="2020"),
        f"{MINE}.title = 2020: must be one line of at most 200 characters (this",
    ),
    "true as a title": (
        whole(title="true"),
        f"{MINE}.title = true: must be one line of at most 200 characters (this is",
    ),
    "null as a title": (whole(title="~"), f"{MINE}.title = null: must be one line of at most 200 characters"),
    "an equals sign": (whole(title="="), f"{MINE}.title = =: has a meaning of its own for YAML; {IN_QUOTES}"),
    "a merge as a value": (whole(title="<<"), f"{MINE}.title = <<: has a meaning of its own for YAML; {IN_QUOTES}"),
    "a merge of a number": (
        whole() + "    <<: 5\n",
        f"{MINE}.'<<' = 5: must be a mapping, or a list of mappings, to merge",
    ),
    "a tag": (whole(title="!!str 5"), f"{MINE}.title = '!!str': has a tag, in line 20; must be without any"),
    "a tag of a mapping": (whole(sparsity="!!set {0.5}"), f"{MINE}.sparsity = '!!set': has a tag, in line 20; must be"),
    "a tag that runs code": (whole(title="!!python/object/apply:os.system [ls]"), f"{MINE}.title = '!!python/object/"),
    "a directive": (
        "%YAML 1.1\n---\n" + whole(),
        "params.yaml: has a directive (a line that begins with %); must be YAML",
    ),
    "several documents": (whole() + "---\nseed: 1\n", "params.yaml: has several documents, parted by ---; must be one"),
    "a part of itself": (
        whole(sparsity="&x [*x]"),
        f"{MINE}.sparsity[0] = '*x': must not stand for something that it is",
    ),
    "an alias of nothing": (
        whole(sparsity="*x"),
        f"{MINE}.sparsity = '*x': must stand for something that is marked before",
    ),
    "an alias as a key": (
        HEAD + "  a: &x b\n  *x : 1\n",
        "experiments = '*x': has an alias as a key, in line 17; must be text",
    ),
    "an alias of strange characters as a key": (
        "*\U000119e5 : 1\n",
        "params.yaml = '*\\U000119e5': has an alias as a key, in line 1; must be text",
    ),
    "a list as a key": (
        HEAD + "  ? [1]\n  : 1\n",
        "experiments: has a list or mapping as a key, in line 16; must be text",
    ),
    "a number as a key": (
        HEAD + "  1: 2\n",
        "experiments.1: is a key that YAML takes for a number, a date, a boolean or",
    ),
    "null as a key": (
        HEAD + "  null: 2\n",
        "experiments.null: is a key that YAML takes for a number, a date, a boolean or",
    ),
    "nothing as a key": (
        HEAD + "  : 2\n",
        "experiments.'': is a key that YAML takes for a number, a date, a boolean or null",
    ),
    "a key like a form": (
        whole(**{"<number>": 1}),
        f"{MINE}.'<number>': is a key with <; must be without any of [ ] < >",
    ),
    "a key like a place": (whole(**{'"[key]"': 1}), f"{MINE}.'[key]': is a key with [; must be without any of [ ] < >"),
}
NASTY: dict[str, tuple[str | bytes, str]] = {**TOO_MUCH, **UNREADABLE, **MANIFOLD}


def put(directory: Path, text: str | bytes) -> Path:
    file = directory / "params.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


# Checks the working copies that it is given, in a process of its own: in this one the types of all calls are checked.
CHECKS = """
import contextlib, io, json, os, sys
from stages import check
from tests.work import calls
for directory in json.load(sys.stdin):
    os.chdir(directory)
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        status, work = calls(check.main)
    print(json.dumps([status, work, said.getvalue()]), flush=True)
"""
ENVIRONMENT = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}


def contents(directory: Path) -> dict[str, bytes]:
    return {str(file.relative_to(directory)): file.read_bytes() for file in directory.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """Exit status, calls and message for each of NASTY, in working copies where an earlier check left its result."""
    directories = {name: tmp_path_factory.mktemp(f"nasty{number}_") for number, name in enumerate(NASTY)}
    for name, directory in directories.items():
        put(directory, NASTY[name][0])
        (directory / "data").mkdir()
        (directory / "data" / "params.json").write_text("what was checked before", encoding="utf-8")
    before = {name: contents(directory) for name, directory in directories.items()}
    asked = json.dumps([str(directory) for directory in directories.values()])
    done = subprocess.run([sys.executable, "-c", CHECKS], input=asked, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {name: contents(directory) for name, directory in directories.items()} == before
    return dict(zip(NASTY, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("name", NASTY)
def test_what_is_refused_takes_little_work_and_touches_nothing(refusals: dict[str, list[Any]], name: str) -> None:
    status, work, said = refusals[name]
    lines = said.splitlines()
    assert status == 2
    assert work < CALLS
    assert lines[0].startswith(NASTY[name][1])
    assert len(lines) <= SHOWN + 1
    assert max(map(len, lines)) < 3000


@pytest.mark.parametrize(
    "name", ["aliases of lists", "list", "5000 wrong points", "10 x 1000000 points", "1000 brackets"]
)
def test_the_commands_refuse_alike(tmp_path: Path, name: str) -> None:
    put(tmp_path, NASTY[name][0])
    for command in (["-m", "superposition.params"], [str(ROOT / "stages/check.py")]):
        done = subprocess.run([sys.executable, *command], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "data").exists()


def test_of_many_faults_the_first_are_listed_and_the_others_counted(tmp_path: Path) -> None:
    for count, last in ((SHOWN, f"k{SHOWN - 1}"), (SHOWN + 1, "and 1 more"), (SHOWN + 500, "and 500 more")):
        with pytest.raises(ParamsError) as caught:
            read(put(tmp_path, whole(**{f"k{i}": i for i in range(count)})))
        lines = str(caught.value).splitlines()
        assert len(lines) == min(count, SHOWN + 1)
        assert last in lines[-1]
        assert len(caught.value.faults) == count


# --- what is accepted ------------------------------------------------------------------------------------------------

PLAIN = whole(title="Ä title 中文, 🙂", seeds=[3, 15])
ALIKE = {
    "a byte order mark": PLAIN.encode("utf-8-sig"),
    "CRLF": PLAIN.replace("\n", "\r\n"),
    "CR": PLAIN.replace("\n", "\r"),
    "no end of line": PLAIN.rstrip(),
    "marks of a document": f"---\n{PLAIN}...\n",
    "tabs in comments": PLAIN.replace("seed: 0", "seed: 0 #\ta\tb"),
    "bases 2, 8 and 16": PLAIN.replace("[3, 15]", "[0b11, 0o17]").replace("8192", "0x2000"),
    "underscores": PLAIN.replace("8192", "8_192"),
    "words in capitals": PLAIN.replace("null", "NULL"),
    "escapes": PLAIN.replace("Ä title", r'"\u00c4 title').replace("🙂", r'\U0001f642"'),
    "an alias": PLAIN.replace("seeds: [3, 15]", "seeds: *s").replace("seeds: 5", "seeds: &s [3, 15]"),
    "a merge": PLAIN.replace("    n_features: 3\n", "    <<: [{n_features: 3, n_hidden: 1}, {n_features: 7}]\n"),
}


@pytest.mark.parametrize("text", ALIKE.values(), ids=ALIKE)
def test_other_ways_to_write_the_same_mean_the_same(tmp_path: Path, text: str | bytes) -> None:
    expected = read(put(tmp_path, PLAIN)).experiments["mine"]
    assert expected.title == "Ä title 中文, 🙂"
    assert expected.seeds == (3, 15)
    file = put(tmp_path, text)
    assert read(file).experiments["mine"] == expected
    assert parse(file) == YAML(typ="safe").load(file.read_text(encoding="utf-8"))  # as DVC reads it


@pytest.mark.parametrize(
    ("title", "means"),
    [("no", "no"), ("Off", "Off"), ("y", "y"), ('"2020-01-31"', "2020-01-31"), ("'~'", "~"), ("1:30", "1:30")],
)
def test_text_is_text(tmp_path: Path, title: str, means: str) -> None:
    """In YAML 1.2, where yes and no are no booleans, and there is no base 60."""
    assert read(put(tmp_path, whole(title=title))).experiments["mine"].title == means


def test_keys_of_its_own_win_over_what_is_merged_and_the_first_over_the_others(tmp_path: Path) -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2, <<: *a}\nc: {<<: [*b, *a], z: 3}\nd: {z: 4, <<: *b}\n"
    found = parse(put(tmp_path, text))
    assert found["c"] == {"x": 1, "y": 2, "z": 3}
    assert found["d"] == {"x": 1, "y": 2, "z": 4}
    assert found == YAML(typ="safe").load(text)


@pytest.fixture
def earlier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working copy where the check stage has run before."""
    monkeypatch.chdir(tmp_path)
    put(tmp_path, whole())
    assert check.main() == 0
    return tmp_path


def checked(directory: Path) -> Params:
    return read_checked(directory / "data" / "params.json")


def test_later_stages_get_what_was_checked(earlier: Path) -> None:
    for title in (
        "Ä 中文 🙂",
        "a\u00a0b\u200fc",
        "back\\slash \"quotes\" 'too'",
        "\ue000 private",
        "\ufffd",
        "1e3",
        "- x",
    ):
        said = json.dumps(title, ensure_ascii=False)
        put(earlier, whole(title=said, about=said[:-1] + '\\n"'))
        assert check.main() == 0
        assert checked(earlier) == read(earlier / "params.yaml")
        assert checked(earlier).experiments["mine"].title == title
        assert [file.name for file in (earlier / "data").iterdir() if file.is_file()] == ["params.json"]


def test_a_check_that_cannot_write_leaves_what_was_there(earlier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(earlier / "data")
    put(earlier, whole(seeds=3))

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        check.main()
    assert contents(earlier / "data") == before


def test_the_committed_file_is_far_from_the_bounds() -> None:
    file = ROOT / "params.yaml"
    assert file.stat().st_size < MAX_BYTES / 5
    found = parse(file)
    assert found == YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    assert json.loads(as_json(found)) == found


def test_bounds_are_reached_and_not_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "MAX_VALUES", 100)
    number, text = "0." + "5" * (MAX_NUMBER - 2), "x" * MAX_TEXT
    assert parse(put(tmp_path, f"a: {number}\nb: {text}\n")) == {"a": float(number), "b": text}
    nested = "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    assert parse(put(tmp_path, f"a: {nested}\n"))
    assert len(parse(put(tmp_path, f"a: {numbers(97, '1')}\n"))["a"]) == 97  # with the mapping, a key and the list
    for more in (f"a: {number}5\n", f"a: {text}x\n", f"a: [{nested}]\n", f"a: {numbers(98, '1')}\n"):
        with pytest.raises(ParamsError):
            parse(put(tmp_path, more))
