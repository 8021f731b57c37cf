"""Results of a commit as one file, for those without a remote, and as something to keep beside a release.

    make archive                              # writes results-1a2b3c4.tar, of the commit that is checked out
    make unpack ARCHIVE=results-1a2b3c4.tar   # in a clone at that commit: all is up to date, and nothing computed

In it are the outputs in data/, the dvc.lock that has their hashes, and docs/data.md, which says what they are: `tar xf`
is enough to read them. The same results give the same bytes. What is unpacked is hashed before it is put in place, and
what is not in this commit's dvc.lock stays where it is. Exit status: 0 done, 1 some results were not in the archive, or
are of another commit, 2 a request that cannot be met; then nothing was written.
"""

import argparse
import io
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from dvc.repo import Repo

from scripts.remote import lacking, named, of_commit
from scripts.undo import LOCK
from scripts.verify import git, refuse
from superposition.inputs import hashed

BESIDE = (LOCK, Path("docs", "data.md"))  # of the commit too
SCRATCH = Path(".dvc", "tmp")  # on the file system of data/, mostly


def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """An entry that says nothing of this machine."""
    bare = tarfile.TarInfo(entry.name)
    bare.size, bare.mode = entry.size, 0o644
    return bare


def pack(outs: dict[str, str], commit: str) -> int:
    if absent := lacking(outs):
        refuse(f"{len(absent)} of {len(outs)} results are not here ({named(absent)}): make repro computes them", "make")
    archive = Path(f"results-{commit}.tar")
    whole = archive.with_suffix(".tar.part")
    files = [file for path in map(Path, outs) for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    with tarfile.open(whole, "w") as tar:
        for path in BESIDE:
            text = subprocess.run(["git", "show", f"HEAD:{path}"], check=True, stdout=subprocess.PIPE).stdout
            entry = tarfile.TarInfo(f"{archive.stem}/{path}")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text))
        for file in sorted(file for file in files if file.is_file()):
            tar.add(file, f"{archive.stem}/{file.as_posix()}", filter=plain)
    whole.replace(archive)
    print(f"archive: {len(outs)} results in {archive}, {archive.stat().st_size / 2**20:.0f} MiB")
    return 0


def unpack(archive: Path, outs: dict[str, str]) -> int:
    """Put the results of this commit in place, and into DVC's cache, from which make undo takes them."""
    SCRATCH.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=SCRATCH) as scratch:
        try:
            with tarfile.open(archive, "r:") as tar:
                extract(tar, Path(scratch))
        except (OSError, tarfile.TarError) as error:
            refuse(f"{archive}: {error}", "make")
        wanted = lacking(outs)
        found = {path: file for path in wanted if (file := Path(scratch, path)).exists()}
        fitting = {path: file for path, file in found.items() if hashed(file) == outs[path]}
        if wanted and not fitting:
            refuse(f"{archive} has no result of this commit: check out the one that it is named by", "make")
        for path, file in fitting.items():
            if Path(path).is_dir():
                shutil.rmtree(path)
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(file, path)
    for out in Repo().index.outs:
        if out.def_path in fitting:
            out.commit()
    rest = len(wanted) - len(fitting)
    print(f"unpack: {len(outs) - rest} of {len(outs)} results have the hashes of {LOCK}")
    if rest:
        print(f"unpack: not {named([path for path in wanted if path not in fitting])}: make repro computes them")
    return 1 if rest else 0


def extract(tar: tarfile.TarFile, folder: Path) -> None:
    """The files under data/ of an archive, without the folder that they are in there; and no links."""
    for entry in tar:
        parts = PurePosixPath(entry.name).parts[1:]
        if entry.isfile() and parts[:1] == ("data",) and ".." not in parts and (content := tar.extractfile(entry)):
            out = folder.joinpath(*parts)
            out.parent.mkdir(parents=True, exist_ok=True)
            with content, out.open("wb") as file:
                shutil.copyfileobj(content, file)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make", description="Pack results of a commit, or unpack them.")
    parser.add_argument("archive", nargs="?", type=Path, help="what to unpack; without it, one is written")
    archive = parser.parse_args().archive
    if archive is None:
        return pack(of_commit(), git("rev-parse", "--short", "HEAD"))
    if not archive.is_file():
        refuse("no ARCHIVE is named, or there is none of that name: make unpack ARCHIVE=results-1a2b3c4.tar", "make")
    return unpack(archive, of_commit())


if __name__ == "__main__":
    sys.exit(main())
