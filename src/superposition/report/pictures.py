"""Figures as they go into the page: without what is not seen, as one address that holds all of the picture.

What matplotlib writes for readers of the source, names of groups, comments and indents, is a sixth of it. The rest is
not touched: no coordinate is rounded, and nothing is compressed, which would depend on the compressor of a machine.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from superposition.report.captions import CAPTIONS, Caption, caption_of

UNSEEN = re.compile(r"<\?xml.*?\?>|<!DOCTYPE[^>]*>|<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)
LAST = ("animation", "learning_curves")  # among the figures of an experiment


@dataclass(frozen=True)
class Picture:
    """One figure on the page."""

    place: str  # its anchor, which is also its path below reports/ without the ending
    name: str
    caption: Caption
    address: str  # data:image/svg+xml,... as HTML has it in quotes
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
    svg = UNSEEN.sub("", svg)
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', svg))
    svg = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in used else "", svg)
    svg = re.sub(r"\s+", " ", svg).replace("> <", "><").strip()
    svg = re.sub(r' d="([^"]*)"', lambda found: f' d="{_path(found[1])}"', svg)
    svg = re.sub(r' style="([^"]*)"', lambda found: f' style="{found[1].replace(": ", ":").replace("; ", ";")}"', svg)
    return svg.replace("'", "&apos;").replace('"', "'")


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
