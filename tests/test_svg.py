"""Figures keep their bytes where libraries, the user's settings and the environment differ."""

import math
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.patches
import matplotlib.path
import matplotlib.scale
import matplotlib.text
import matplotlib.ticker
import matplotlib.transforms
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from matplotlib import font_manager
from matplotlib.figure import Figure

from superposition.figures import figures_of, style, svg
from superposition.figures.plain_text import plain
from superposition.figures.svg import NOISE, PER_POINT, SHIFT, settled
from tests import as_printed

ROOT = Path(__file__).parents[1]
INEXACT = ("dot", "log10", "log", "exp", "power", "cos", "sin", "tan", "hypot", "arctan2", "deg2rad", "rad2deg")


@pytest.mark.parametrize(
    ("written", "plain_text"),
    [
        (r"$\mathdefault{10^{-2}}$", "10⁻²"),
        (r"$W^T W$  and  $b$", "Wᵀ W and b"),
        (r"features per dimension  $\|W\|_F^2\,/\,m$", "features per dimension ‖W‖_F² / m"),
        (r"$e^{0.054\,m}$, \$5", "e^(0.054 m), $5"),
        (r"energy $\sum_{i \neq j} \mathrm{ReLU}(W_i \cdot W_j)^2$", "energy ∑_(i ≠ j) ReLU(Wᵢ ⋅ Wⱼ)²"),
        (r"$(1-S) \log \frac{1}{1-S}$", "(1-S) log 1/(1-S)"),
        (r"$1/\sqrt{2}$, $|\cos| \geq \epsilon$", "1/√2, |cos| ≥ ε"),
    ],
)
def test_formulas_in_plain_text(written, plain_text):
    assert plain(written) == plain_text


def test_texts_are_there_for_who_selects_and_searches(tmp_path):
    """Each as it was drawn, and nothing that shows."""
    figure = Figure(figsize=(4, 3))
    with style.theme():
        axes = figure.add_axes((0.2, 0.2, 0.7, 0.7))
        axes.set(xlabel="density $1 - S$", ylabel="a < b\n& c", xticks=[], yticks=[])
        drawn = ElementTree.fromstring(svg.svg(figure))
    found = list(drawn.iter("{http://www.w3.org/2000/svg}text"))
    assert [text.text for text in found] == ["density 1 - S", "a < b", "& c"]
    assert {text.attrib["fill-opacity"] for text in found} == {"0"}
    assert [text.get("transform", "").partition(" ")[0] for text in found] == ["", "rotate(-90", "rotate(-90"]
    assert not any(re.search(r"[\\{}$]", text) for text in texts_of("intro"))


def texts_of(experiment):
    return re.findall(r"<text[^>]*>([^<]*)</text>", "".join(svg.svg(f).decode() for f in drawn(experiment).values()))


class Off:
    """Functions of a module, some of which are wrong by up to two units in the last place, at random."""

    def __init__(self, module, names, seed):
        self._own, self._names, self._random = dict(vars(module)), names, np.random.default_rng(seed)

    def __getattr__(self, name):
        found = self._own[name]
        if name not in self._names:
            return found

        def off(*args, **kwargs):
            return self.disturbed(found(*args, **kwargs))

        return off

    def disturbed(self, x):
        if isinstance(x, tuple):
            return (self.disturbed(x[0]), *x[1:])
        x = np.asarray(x, dtype=np.float64)
        some = np.isfinite(x) & (x != 0)
        return x + np.where(some, self._random.integers(-2, 3, x.shape) * np.spacing(np.where(some, x, 1.0)), 0.0)


def drawn(experiment):
    made = getattr(as_printed, experiment)()
    return {name: figure for name, figure in figures_of(experiment, made).items() if name != "animation"}


def written(figures, folder):
    folder.mkdir(exist_ok=True)
    for name, figure in figures.items():
        svg.save(figure, folder / f"{name}.svg")
    return {name: (folder / f"{name}.svg").read_bytes() for name in figures}


@pytest.mark.parametrize("experiment", ["intro", "absolute_value", "hidden_bias"])
def test_other_last_digits_do_not_show(experiment, tmp_path, monkeypatch):
    here = written(drawn(experiment), tmp_path)
    for seed, module in enumerate((matplotlib.transforms, matplotlib.scale, matplotlib.path, matplotlib.patches)):
        monkeypatch.setattr(module, "np", Off(np, INEXACT, seed))
    monkeypatch.setattr(matplotlib.text, "np", Off(np, INEXACT, 4))
    monkeypatch.setattr(matplotlib.ticker, "np", Off(np, INEXACT, 7))
    monkeypatch.setattr(matplotlib.ticker, "math", Off(math, INEXACT, 8))
    for name in ("affine_transform", "inv"):
        disturbed = getattr(Off(matplotlib.transforms, (name,), 5), name)
        monkeypatch.setattr(matplotlib.transforms, name, disturbed)
    monkeypatch.setattr(matplotlib.path, "_path", Off(matplotlib.path._path, ("cleanup_path",), 6))
    assert written(drawn(experiment), tmp_path) == here


def test_noise_shows_where_nothing_settles_it(tmp_path, monkeypatch):
    """So that the test above tests something."""
    monkeypatch.setattr("superposition.figures.svg.settled", lambda x: np.asarray(x, dtype=np.float64))
    figures = drawn("intro")
    here = written({"feature_vectors": figures["feature_vectors"]}, tmp_path)
    monkeypatch.setattr(matplotlib.transforms, "np", Off(np, INEXACT, 0))
    assert written({"feature_vectors": drawn("intro")["feature_vectors"]}, tmp_path) != here


def test_coordinates_are_thousandths():
    assert settled([0.0, 1 / 3, 12.3456, -7.0004, 612.0]).tolist() == [0.0, 0.333, 12.346, -7.0, 612.0]
    assert np.isnan(settled(np.nan))
    assert settled(settled([0.001, 333.333, -0.125])).tolist() == [0.001, 333.333, -0.125]


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 10, 64, 72])
def test_fractions_of_a_step_are_far_from_a_boundary(parts):
    settled(np.arange(-5 * parts, 5 * parts) / parts / PER_POINT)
    settled(100 + np.arange(parts) / parts / PER_POINT)


def test_a_coordinate_on_a_boundary_is_refused():
    boundary = (7.5 - SHIFT) / PER_POINT
    assert settled([boundary + 2e-11, boundary - 2e-11]).tolist() == [0.008, 0.007]
    with pytest.raises(ArithmeticError, match="either side"):
        settled([1.0, boundary + 2e-12])
    far = (8_000_000.5 - SHIFT) / PER_POINT
    with pytest.raises(ArithmeticError):
        settled(far + 4 * NOISE * 1024)


def test_numbers_are_short_and_names_do_not_depend_on_digits(tmp_path):
    text = written(drawn("intro"), tmp_path)["learning_curves"].decode()
    root = ElementTree.fromstring(text)
    assert root.tag.endswith("svg")
    places = re.findall(r"\bd=\"([^\"]*)\"", text)
    assert places
    assert not re.search(r"\.\d{4}", " ".join(places))


def another_face(folder):
    """A typewriter font that says it is DejaVu Sans."""
    source = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSansMono.ttf"
    font = TTFont(source)
    for record in font["name"].names:
        if record.nameID in (1, 4, 16):
            font["name"].setName("DejaVu Sans", record.nameID, record.platformID, record.platEncID, record.langID)
    font.save(folder / "DejaVuSans.ttf")


SETTINGS = """\
font.size: 20
font.family: monospace
lines.linewidth: 9
svg.fonttype: none
svg.hashsalt: other
svg.id: mine
path.simplify: False
path.sketch: 1, 100, 2
axes.formatter.use_locale: True
axes.unicode_minus: False
axes.prop_cycle: cycler('color', ['r'])
figure.dpi: 300
savefig.dpi: 300
savefig.transparent: True
savefig.bbox: tight
figure.autolayout: True
text.usetex: True
timezone: Asia/Tokyo
mathtext.fontset: stix
"""


def test_settings_fonts_and_clock_do_not_show(tmp_path):
    for folder in (tmp_path / ".config" / "matplotlib", tmp_path / ".fonts", tmp_path / "here"):
        folder.mkdir(parents=True)
    for folder in (tmp_path / ".config" / "matplotlib", tmp_path / "here"):
        (folder / "matplotlibrc").write_text(SETTINGS)
    another_face(tmp_path / ".fonts")
    code = (
        "from matplotlib import font_manager, rcParams\n"
        "faces = [face.fname for face in font_manager.fontManager.ttflist if face.name == 'DejaVu Sans']\n"
        "assert any('.fonts' in face for face in faces), faces\n"
        "from pathlib import Path; from tests import as_printed; from superposition.figures import figures_of, svg\n"
        "for name, figure in figures_of('intro', as_printed.intro()).items(): svg.save(figure, Path(f'{name}.svg'))\n"
        "assert rcParams['font.size'] == 20\n"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
        "HOME": str(tmp_path),
        "LC_ALL": "C",
        "TZ": "Asia/Tokyo",
        "SOURCE_DATE_EPOCH": "1",
        "PYTHONHASHSEED": "7",
    }
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path / "here", env=environment)
    assert {path.stem: path.read_bytes() for path in (tmp_path / "here").glob("*.svg")} == written(
        drawn("intro"), tmp_path / "there"
    )


def test_letters_are_those_that_come_with_matplotlib():
    with style.theme():
        for weight in ("normal", "bold"):
            found = font_manager.findfont(font_manager.FontProperties(weight=weight), fallback_to_default=False)
            assert Path(found).is_relative_to(matplotlib.get_data_path())


def test_fonts_are_matplotlibs_own_whatever_its_cache_says(monkeypatch):
    """A list in which each name leads to another font, as one may be planted."""
    known = font_manager.fontManager
    monkeypatch.setattr(known, "ttflist", known.ttflist)

    def drawn() -> bytes:
        with style.theme():
            figure = Figure()
            figure.text(0.5, 0.5, "Hello 0123 $x^2$")
            return svg.svg(figure)

    style.only_own_fonts.cache_clear()
    before = drawn()
    serif = next(font.fname for font in known.ttflist if font.name == "DejaVu Serif")
    known.ttflist = [replace(font, fname=serif) for font in known.ttflist]
    known._findfont_cached.cache_clear()
    assert drawn() != before  # the list decides
    style.only_own_fonts.cache_clear()
    assert drawn() == before
    monkeypatch.undo()
    style.only_own_fonts.cache_clear()
