"""What came out at the paper's full scale, beside what did at the default one: verdicts, and the paper's figure.

`make full` leaves reports/full_scale/EXPERIMENT: figures, verdicts (claims.json) and what the run was (run.json).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from superposition.report.pictures import Picture, pictures_of

KEYS = ("verdict", "measured", "spread", "share")
CRITERION = ("statement", "tolerance")
LARGE = 1_000_000  # characters of a figure: such as a phase diagram of 22,500 cells, a seventh of what a page may weigh


@dataclass(frozen=True)
class FullScale:
    """Figures of a run at full scale. All of them would be more than a page should weigh."""

    picture: Picture | None  # the paper's figure, which is on the page if it is not LARGE
    others: list[str]  # files in reports/, which are not
    instances: int


def full_scale_of(experiment: str, reports: Path) -> FullScale | None:
    """What there is of an experiment."""
    folder = reports / "full_scale" / experiment
    if not folder.is_dir():
        return None
    pictures = [
        replace(picture, place=picture.place.replace("figures", folder.parent.name, 1))
        for picture in pictures_of(experiment, folder)
    ]
    shown = pictures[0] if len(pictures[0].address) < LARGE else None
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    others = [f"{picture.place}.svg" for picture in pictures if picture is not shown]
    return FullScale(shown, others, run["instances"])


def with_full_scale(verdicts: Sequence[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """Verdicts with `full_scale`: the same claim's there, how many instances there were, and of which commit.

    None where nothing was judged. `same_criterion` is false where the claim has been put in other words since, or its
    limits have changed: what is there was judged by those of that commit.
    """
    there: dict[str, dict[str, Any]] = {}
    for file in sorted(folder.glob("*/claims.json")):
        run = json.loads((file.parent / "run.json").read_text(encoding="utf-8"))
        for claim in json.loads(file.read_text(encoding="utf-8")):
            there[claim["id"]] = claim | {"instances": run["instances"], "commit": run["commit"]}
    return [one | {"full_scale": _beside(one, there.get(one["id"]))} for one in verdicts]


def _beside(here: dict[str, Any], there: dict[str, Any] | None) -> dict[str, Any] | None:
    if there is None:
        return None
    same = all(here[key] == there[key] for key in CRITERION)
    kept = {key: there.get(key) for key in KEYS} | {key: there[key] for key in ("instances", "commit")}
    return kept | {"same_criterion": same}


class BothScales(NamedTuple):
    """Of claims that were judged at both scales."""

    judged: int
    changed: int  # of how many the criterion has changed since
    otherwise: list[str]  # ids of those that came out otherwise


def both_scales(verdicts: Sequence[dict[str, Any]]) -> BothScales:
    both = [one for one in verdicts if one.get("full_scale")]
    changed = [one for one in both if not one["full_scale"]["same_criterion"]]
    otherwise = [one["id"] for one in both if one["full_scale"]["verdict"] != one["verdict"]]
    return BothScales(len(both), len(changed), otherwise)
