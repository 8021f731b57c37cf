"""Results to and from DVC's remote: a folder, an SSH server or an S3-compatible one, set up as docs/sharing.md says.

    make publish     # the results of the commit that is checked out, for others to have
    make pull        # the same back, in place of computing them: in a fresh clone, on another machine

These are the outputs in data/; dvc.lock, figures and the page are in git. What has come is hashed, whatever the remote
says that it is, and compared with dvc.lock. Exit status: 0 all is there, 1 something is not, 2 a request that cannot be
met; then nothing was transferred.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from dvc.repo import Repo

from scripts.undo import LOCK, committed_outs, complete
from scripts.verify import git, refuse
from superposition.inputs import hashed

SHOWN = 3  # results that are named


def address() -> str:
    """Where the default remote is."""
    config = Repo().config
    if not (name := config["core"].get("remote")):
        refuse(
            "DVC has no default remote; name one: dvc remote add --default results ADDRESS, where ADDRESS is a folder, "
            "ssh://user@host/folder or s3://bucket/folder (docs/sharing.md)",
            "make",
        )
    url: str = config["remote"][name]["url"]
    return url


def named(paths: list[str]) -> str:
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return ", ".join(paths[:SHOWN]) + more


def of_commit() -> dict[str, str]:
    """The results of the commit that is checked out, with their digests."""
    if subprocess.run(["git", "diff", "--quiet", "HEAD", "--", str(LOCK)]).returncode != 0:
        refuse(f"{LOCK} is not as committed: commit what was computed, or go back by make undo", "make")
    # DVC keeps what it knows of experiments that are gone from params.yaml.
    known = {out.def_path for out in Repo().index.outs}
    if not (outs := {path: md5 for path, md5 in committed_outs().items() if path in known}):
        refuse(f"{LOCK} of this commit names no results", "make")
    return outs


def lacking(outs: dict[str, str]) -> list[str]:
    """Those that are not in data/ as they should be."""
    return [path for path, md5 in outs.items() if not Path(path).exists() or hashed(Path(path)) != md5]


def dvc(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "dvc", *arguments]).returncode


def publish(outs: dict[str, str], url: str) -> int:
    repo = Repo()
    if absent := [path for path, md5 in outs.items() if not complete(repo, md5)]:
        refuse(f"{len(absent)} of {len(outs)} results are not here ({named(absent)}): make repro computes them", "make")
    if dvc("push") != 0:
        print(f"remote: not all could be written to {url}, see above; what is there stays", file=sys.stderr)
        return 1
    print(f"remote: {len(outs)} results of {git('rev-parse', '--short', 'HEAD')} are in {url}; make pull gets them")
    return 0


def pull(outs: dict[str, str], url: str) -> int:
    failed = dvc("pull", "--allow-missing") != 0
    absent = lacking(outs)
    print(f"remote: {len(outs) - len(absent)} of {len(outs)} results have the hashes of {LOCK}")
    if absent:
        why = "see above" if failed else f"{url} lacks them, or has others under their names (make fsck removes such)"
        print(f"remote: not {named(absent)}: {why}; make repro computes them", file=sys.stderr)
    return 1 if absent else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="make", description="Publish results of a commit, or pull them.")
    parser.add_argument("action", choices=("publish", "pull"))
    action = parser.parse_args().action
    url = address()
    outs = of_commit()
    return (publish if action == "publish" else pull)(outs, url)


if __name__ == "__main__":
    sys.exit(main())
