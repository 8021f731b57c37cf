"""Colours, fonts and sizes of letters have their names in one module, and no other has any of its own."""

import ast
import re
from pathlib import Path

import pytest
from matplotlib.colors import CSS4_COLORS, XKCD_COLORS, is_color_like
from matplotlib.font_manager import get_font_names

from superposition import palette
from superposition.report.comparison import Run, compared

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src/superposition"
STYLES = (SOURCE / "figures/style.py", SOURCE / "palette.py")
MODULES = [file for folder in (SOURCE, ROOT / "benchmarks", ROOT / "scripts") for file in folder.rglob("*.py")]
NAMED = {*CSS4_COLORS, *XKCD_COLORS}
COLOURED = ("color", "colors", "colour", "colours", "fill", "stroke", "foreground", "cmap")
SIZED = ("fontsize", "font_size", "labelsize", "titlesize")
FONTS = {*get_font_names(), "DejaVu", "Verdana", "Arial", "sans-serif", "serif", "monospace"}


def own(source: str, draws: bool = True) -> list[str]:
    """What a module says of colours, fonts and sizes of letters, with the lines; `tan` is a colour where it `draws`."""
    found = []
    tree = ast.parse(source)
    said = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in said:
            is_colour = node.value.startswith("#") and is_color_like(node.value)
            if is_colour or (draws and node.value in NAMED) or any(font in node.value for font in FONTS):
                found.append(f"{node.lineno}: {node.value}")
        for key, value in keys_of(node):
            plain = isinstance(value, ast.Constant) and value.value not in (None, "none")
            is_size = key.endswith(SIZED) or (key == "size" and is_text(node))
            if plain and (is_size or key.endswith(COLOURED)):
                found.append(f"{value.lineno}: {key} {value.value}")
    return found


def keys_of(node: ast.AST) -> list[tuple[str, ast.expr]]:
    """Keywords of a call, keys of a mapping, and parameters that have defaults."""
    if isinstance(node, ast.Call):
        return [(word.arg, word.value) for word in node.keywords if word.arg]
    if isinstance(node, ast.Dict):
        return [(str(key.value), value) for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant)]  # fmt: skip
    if isinstance(node, ast.arguments):
        named = [one.arg for one in [*node.posonlyargs, *node.args]]
        return list(zip(named[len(named) - len(node.defaults) :], node.defaults, strict=True))
    return []


def is_text(node: ast.AST) -> bool:
    """A call of `text`, of which `size` is that of its letters."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "text"


@pytest.mark.parametrize(
    "line",
    [
        'CURVE = "#2b6cb0"',
        'axes.plot(x, y, color="white")',
        'axes.plot(x, y, markeredgecolor="w")',
        'axes.annotate("a", (0, 0), fontsize=8)',
        'options = {"fontsize": 8}',
        'picture.text(0, 0, "a", size=12)',
        'FONT = "DejaVu Sans"',
        'picture.add("rect", fill="salmon")',
    ],
)
def test_they_are_found(line):
    assert own(line)
    assert not own('"""Of colour #2b6cb0, in DejaVu Sans."""\naxes.plot(x, y, color=INK, facecolor="none", size=3)')


@pytest.mark.parametrize("file", sorted(MODULES), ids=lambda file: file.relative_to(ROOT).with_suffix("").as_posix())
def test_only_style_and_palette_have_any(file):
    if file not in STYLES:
        assert not own(file.read_text(encoding="utf-8"), draws="figures" in file.parts)


PARTS = sorted(file for ending in ("jinja", "css", "js") for file in (SOURCE / "report").glob(f"*.{ending}"))


@pytest.mark.parametrize("file", PARTS, ids=lambda file: file.name)
def test_parts_of_pages_have_the_colours_of_the_palette(file):
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"""(?:[:,]\s*|["'])#[0-9a-f]{3,8}\b""", text)
    named = set(re.findall(r"var\(--([\w-]+)\)", text)) - set(re.findall(r"--([\w-]+):", text))
    assert named - {"drawn"} <= palette.LIGHT.keys()


def test_pages_have_the_palette():
    html = compared([Run("a", "", {}, {}, [], {})])
    assert html.count("--ground: #fbfbfa; --card: #ffffff;") == html.count(":root { --ground: #16181c;") == 1
    assert palette.LIGHT.keys() == palette.DARK.keys()


def test_figures_are_as_dark_on_both_pages():
    page = (SOURCE / "report/page.css").read_text(encoding="utf-8")
    assert f"figure img {{ filter: {palette.FIGURES_IN_THE_DARK}; }}" in page
    assert palette.DARK["card"] == palette.PAPER_IN_THE_DARK
    alike = Run("a", "", {}, {}, [], {"reports/figures/a/b.svg": b"<svg/>"})
    text = compared([alike, Run("b", "", {}, {}, [], {})])
    assert palette.FIGURES_IN_THE_DARK in text
