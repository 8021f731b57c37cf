"""Compare the pinned packages with the known vulnerabilities of the OSV database: make audit.

One request, with the names and versions of requirements*.txt, to api.osv.dev, or to another address that is given.
Exit status: 0 none is known, 1 some are, 2 the database did not answer, so that nothing is known.
"""

import argparse
import json
import re
import sys
import urllib.request
from pathlib import Path
from typing import Any

DATABASE = "https://api.osv.dev"
FILES = ("requirements.txt", "requirements-cuda.txt", "requirements-remote.txt", "requirements-dev.txt")
TIMEOUT = 60.0  # seconds


class NoAnswer(Exception):
    """The database cannot be reached, or answers with something else."""


def pins(texts: list[str]) -> list[tuple[str, str]]:
    """Names and versions; of a version with a local part, as +cpu, the public one."""
    found = (re.match(r"([A-Za-z0-9._-]+)==([^\s;+]+)", line) for text in texts for line in text.splitlines())
    return sorted({(pin[1], pin[2]) for pin in found if pin})


def known(pinned: list[tuple[str, str]], database: str) -> dict[tuple[str, str], list[str]]:
    """The identifiers of the vulnerabilities of each pin that has any."""
    queries = [{"package": {"name": name, "ecosystem": "PyPI"}, "version": version} for name, version in pinned]
    request = urllib.request.Request(
        f"{database}/v1/querybatch",
        data=json.dumps({"queries": queries}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            results: list[dict[str, Any]] = json.load(answer)["results"]
        if len(results) != len(pinned):
            raise NoAnswer(f"{len(results)} answers for {len(pinned)} packages")
        return {
            pin: [vulnerability["id"] for vulnerability in result["vulns"]]
            for pin, result in zip(pinned, results, strict=True)
            if result.get("vulns")
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoAnswer(str(error)) from error


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="make audit", description="Look for known vulnerabilities of pinned packages."
    )
    parser.add_argument("--database", default=DATABASE, help=f"its address (default: {DATABASE})")
    database = parser.parse_args().database
    pinned = pins([Path(file).read_text(encoding="utf-8") for file in FILES])
    try:
        found = known(pinned, database)
    except NoAnswer as error:
        print(f"audit: {database} did not answer ({error}): nothing is known of {len(pinned)} pins", file=sys.stderr)
        return 2
    for (name, version), identifiers in found.items():
        print(f"{name} {version}: {', '.join(identifiers)}")
    print(f"{len(pinned)} pinned packages, {len(found)} with known vulnerabilities")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
