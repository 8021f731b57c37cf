"""Where letters lie in an SVG that this project has drawn: what is cut off, and what lies over each other."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from xml.etree import ElementTree

import numpy as np

SVG, LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
ROOM = 0.5  # points by which two boxes may overlap: outlines of letters have control points outside of their ink


@dataclass(frozen=True)
class Text:
    """A text and the box of its ink, in points from the top left corner."""

    words: str
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Text") -> bool:
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return wide > ROOM and high > ROOM


def _matrix(transform: str | None) -> np.ndarray:
    """The affine map of an SVG's `transform`, 3 x 3."""
    result = np.eye(3)
    for name, said in re.findall(r"(\w+)\(([^)]*)\)", transform or ""):
        x = [float(number) for number in re.split(r"[ ,]+", said.strip())]
        own = np.eye(3)
        if name == "translate":
            own[:2, 2] = x[0], x[1] if len(x) > 1 else 0.0
        elif name == "scale":
            own[0, 0], own[1, 1] = x[0], x[-1]
        elif name == "rotate":
            angle = np.deg2rad(x[0])
            own[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        elif name == "matrix":
            own[:2] = np.reshape(x, (3, 2)).T
        else:
            raise ValueError(f"a transform of an unknown kind: {name}")
        result = result @ own
    return result


def _points(path: str) -> np.ndarray:
    """Ends and control points of an outline, [point, 2]."""
    return np.array([float(number) for number in re.findall(r"-?[\d.]+(?:e-?\d+)?", path)]).reshape(-1, 2)


def _moved(points: np.ndarray, by: np.ndarray) -> np.ndarray:
    return points @ by[:2, :2].T + by[:2, 2]


def _ink(element: ElementTree.Element, glyphs: dict[str, np.ndarray], outer: np.ndarray) -> Iterator[np.ndarray]:
    own = outer @ _matrix(element.get("transform"))
    if element.tag == f"{SVG}use":
        own = own @ _matrix(f"translate({element.get('x', 0)} {element.get('y', 0)})")
        points = glyphs[element.attrib[LINK].removeprefix("#")]
        yield _moved(points, own)
    elif element.tag == f"{SVG}path":
        points = _points(element.attrib["d"])
        yield _moved(points, own)
    elif element.tag != f"{SVG}defs":
        for child in element:
            yield from _ink(child, glyphs, own)


def texts(svg: bytes) -> tuple[list[Text], float, float]:
    """All texts that have ink, and the figure's width and height."""
    root = ElementTree.fromstring(svg, ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True)))
    width, height = (float(number) for number in root.attrib["viewBox"].split()[2:])
    glyphs = {
        path.attrib["id"]: _moved(_points(path.get("d", "")), _matrix(path.get("transform")))
        for path in root.iter(f"{SVG}path")
        if "id" in path.attrib
    }
    found = []
    for group in root.iter(f"{SVG}g"):
        if re.fullmatch(r"text_\d+", group.get("id", "")):
            words = " / ".join((c.text or "").strip() for c in group.iter() if c.tag is ElementTree.Comment)
            ink = [points for points in _ink(group, glyphs, np.eye(3)) if len(points)]
            if ink:
                box = np.concatenate(ink)
                found.append(Text(words, *box.min(axis=0).tolist(), *box.max(axis=0).tolist()))
    return found, width, height


def faults(svg: bytes) -> list[str]:
    """What a reader cannot read: texts that leave the figure, and pairs that lie over each other."""
    found, width, height = texts(svg)
    said = [
        f"cut off: {text.words!r}, {text.left:.1f} to {text.right:.1f} pt of {width:.1f}, {text.top:.1f} to "
        f"{text.bottom:.1f} of {height:.1f}"
        for text in found
        if text.left < 0 or text.top < 0 or text.right > width or text.bottom > height
    ]
    for one, other in combinations(found, 2):
        if one.overlaps(other):
            said.append(f"over each other: {one.words!r} and {other.words!r}")
    return said
