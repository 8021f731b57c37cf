"""Figures as they go into the page: without what is not seen, as one address that holds all of the picture.

What matplotlib writes for readers of the source, names of groups, comments and indents, is a sixth of it; long names
and styles that each mark has anew are a fifth of what is left. The rest is not touched: no coordinate is rounded, and
nothing is compressed, which would depend on the compressor of a machine.

No reader can select what is inside of an image, nor find it. So the transparent texts of a figure (figures/svg.py) lie
over its picture.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import ascii_lowercase
from xml.etree import ElementTree

from superposition.report.captions import CAPTIONS, Caption, caption_of

UNSEEN = re.compile(r"<\?xml.*?\?>|<!DOCTYPE[^>]*>|<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)
TRANSPARENT = re.compile(r'<text [^>]*fill-opacity="0"[^>]*>[^<]*</text>')
SVG = "{http://www.w3.org/2000/svg}"
LAST = ("animation", "learning_curves")  # among the figures of an experiment


@dataclass(frozen=True)
class Picture:
    """One figure on the page."""

    place: str  # its anchor, which is also its path below reports/ without the ending
    name: str
    caption: Caption
    address: str  # data:image/svg+xml,... as HTML has it in quotes
    words: str  # SVG that lies over it
    source: str  # the file that draws it
    moves: bool
    width: int  # in pixels, so that the page does not move when it is drawn
    height: int


def pictures_of(experiment: str, folder: Path) -> list[Picture]:
    """All figures of an experiment, the paper's first; `folder` has them, one file each."""
    return [
        picture(experiment, file) for file in sorted(folder.glob("*.svg"), key=lambda file: _order(experiment, file))
    ]


def picture(experiment: str, file: Path) -> Picture:
    text = file.read_text(encoding="utf-8")
    width, height = size(text)
    return Picture(
        place=f"figures/{experiment}/{file.stem}",
        name=file.stem.replace("_", " "),
        caption=caption_of(experiment, file.stem),
        address=address(text),
        words=words(text),
        source=drawn_by(experiment, file.stem),
        moves="<animate" in text,
        width=width,
        height=height,
    )


def drawn_by(experiment: str, name: str) -> str:
    """The module that is called like the figure, or like the experiment, or the one that serves all others."""
    folder = Path("src", "superposition", "figures")
    known = Path(__file__).parents[1] / "figures"
    found = (module for module in (name, experiment) if (known / f"{module}.py").is_file())
    return (folder / f"{next(found, 'overview')}.py").as_posix()


def address(svg: str) -> str:
    """The picture as a data: URI, which needs neither a file nor a script; it may stand in an attribute in quotes.

    Of what a template would write in other characters, only `&` has to be: each < as &lt; would be a fifth more.
    """
    uri = "data:image/svg+xml," + slim(svg).replace("%", "%25").replace("#", "%23")
    return uri.replace("&", "&amp;")


def slim(svg: str) -> str:
    """The same picture in fewer characters: one line, single quotes, and only names that something refers to."""
    svg = TRANSPARENT.sub("", UNSEEN.sub("", svg))
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', svg))
    svg = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in used else "", svg)
    svg = re.sub(r"\s+", " ", svg).replace("> <", "><").strip()
    svg = re.sub(r' d="([^"]*)"', lambda found: f' d="{_path(found[1])}"', svg)
    svg = re.sub(r' style="([^"]*)"', lambda found: f' style="{found[1].replace(": ", ":").replace("; ", ";")}"', svg)
    svg = _classes(
        _short_names(svg).replace("xlink:href=", "href=").replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    )
    return svg.replace("'", "&apos;").replace('"', "'")


def _short_names(svg: str) -> str:
    """Each name that something refers to as one or two letters, in the order of the picture."""
    names = {name: _letters(k) for k, name in enumerate(dict.fromkeys(re.findall(r' id="([^"]*)"', svg)))}
    return re.sub(r'( id="|href="#|url\(#)([^")]*)', lambda found: found[1] + names.get(found[2], found[2]), svg)


def _classes(svg: str) -> str:
    """Each style that stands more than once as a class, which is written once."""
    often = [style for style, times in Counter(re.findall(r' style="([^"]*)"', svg)).items() if times > 1]
    names = {style: _letters(k) for k, style in enumerate(often)}
    svg = re.sub(
        r' style="([^"]*)"', lambda found: f' class="{names[found[1]]}"' if found[1] in names else found[0], svg
    )
    sheet = "".join(f".{name}{{{style}}}" for style, name in names.items())
    return re.sub(r"<svg[^>]*>", lambda root: f"{root[0]}<style>{sheet}</style>", svg, count=1) if sheet else svg


def _letters(k: int) -> str:
    """a, b, ..., z, aa, ab, ..."""
    return (_letters(k // 26 - 1) if k > 25 else "") + ascii_lowercase[k % 26]


def words(svg: str) -> str:
    """All texts that stay where they are, as an SVG of the same extent; nothing where there are none."""
    root = ElementTree.fromstring(svg.encode())
    box = root.get("viewBox", f"0 0 {root.get('width')} {root.get('height')}".replace("pt", ""))
    found = "".join(_texts(root))
    return f'<svg class="words" viewBox="{escape(box)}" aria-hidden="true">{found}</svg>' if found else ""


def _texts(element: ElementTree.Element) -> Iterator[str]:
    if any(child.tag.removeprefix(SVG).startswith("animate") for child in element):
        return
    if element.tag == f"{SVG}text":
        kept = ("x", "y", "font-size", "text-anchor", "transform", "textLength")
        places = "".join(f' {key}="{escape(_tenths(element.attrib[key]))}"' for key in kept if key in element.attrib)
        yield f"<text{places}>{escape(element.text or '', quote=False)}</text>"
    for child in element:
        yield from _texts(child)


def _tenths(numbers: str) -> str:
    """A letter's place need not be known better, where it is not seen."""
    return re.sub(r"\d+\.\d+", lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), numbers)


def size(svg: str) -> tuple[int, int]:
    """Width and height in pixels, of which there are 4/3 to a point."""
    found = re.search(r'<svg[^>]*? width="([0-9.]+)(pt)?" height="([0-9.]+)(?:pt)?"', svg)
    if found is None:
        return 0, 0
    scale = 4 / 3 if found[2] else 1.0
    return round(float(found[1]) * scale), round(float(found[3]) * scale)


def _path(commands: str) -> str:
    return re.sub(r" ?([MLQCz]) ?", r"\1", commands.strip())


def _order(experiment: str, file: Path) -> tuple[int, int, str]:
    keys = list(CAPTIONS)
    key = f"{experiment}/{file.stem}"
    return LAST.index(file.stem) + 1 if file.stem in LAST else 0, keys.index(key) if key in keys else 0, file.stem
