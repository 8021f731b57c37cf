"""What is damaged is found whatever times and modes say, and removed."""

import hashlib
import json
import os
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from scripts import fsck

FILES = {"data/tables/a/x.parquet": b"PAR1", "data/tables/a/y.parquet": b"PAR2", "reports/claims.json": b"[]"}


def digest(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path, content in FILES.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(content)
    folder = fsck.hashed(Path("data/tables/a"))
    entries = [{"md5": digest(FILES[f"data/tables/a/{name}"]), "relpath": name} for name in ("x.parquet", "y.parquet")]
    listing = json.dumps(entries, sort_keys=True).encode()
    assert digest(listing) + ".dir" == folder
    for content, suffix in ((listing, ".dir"), *((content, "") for content in FILES.values())):
        name = digest(content) + suffix
        place = fsck.OBJECTS / name[:2] / name[2:]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        place.chmod(0o444)
    tables, claims = {"path": "data/tables/a", "md5": folder}, {"path": "reports/claims.json", "md5": digest(b"[]")}
    YAML().dump({"stages": {"measure@a": {"outs": [tables]}, "report": {"outs": [claims]}}}, Path("dvc.lock"))
    return tmp_path


def depends_on(path: str) -> Path:
    """Lets the report be made of this, now and in an earlier run; where that is remembered."""
    lock = YAML(typ="safe").load(Path("dvc.lock"))
    lock["stages"]["report"]["deps"] = [{"path": path, "md5": "0" * 32}]
    YAML().dump(lock, Path("dvc.lock"))
    run = fsck.RUNS / "ab" / "abc" / "value"
    run.parent.mkdir(parents=True)
    YAML().dump(lock["stages"]["report"], run)
    return run


def flip(path: Path) -> None:
    """As a disk does: nothing but the content is another."""
    before = path.stat()
    path.chmod(0o600)
    path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])
    path.chmod(before.st_mode)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_nothing_is_said_of_what_is_whole(checkout, capsys):
    assert fsck.main() == 0
    assert capsys.readouterr() == ("", "")
    assert all(Path(path).read_bytes() == content for path, content in FILES.items())


@pytest.mark.parametrize("path", FILES)
def test_an_output_that_is_damaged_is_removed(checkout, path, capsys):
    flip(Path(path))
    assert fsck.main() == 1
    assert f"fsck: {path} was not what its hash says; removed" in capsys.readouterr().err
    assert {other for other in FILES if Path(other).exists()} == set(FILES) - {path}
    assert fsck.main() == 0


def test_a_file_that_was_planted_is_removed(checkout, capsys):
    Path("data/tables/a/z.parquet").write_bytes(b"PAR3")
    assert fsck.main() == 1
    assert "data/tables/a/z.parquet" in capsys.readouterr().err
    assert {file.name for file in Path("data/tables/a").iterdir()} == {"x.parquet", "y.parquet"}


def test_an_object_of_the_cache_that_is_damaged_is_removed(checkout, capsys):
    for file in list(fsck.OBJECTS.glob("??/*")):
        content = file.read_bytes()
        flip(file)
        assert fsck.main() == 1
        assert f"fsck: {file} was not what its hash says; removed" in capsys.readouterr().err
        assert not file.exists()
        file.write_bytes(content)
    assert all(Path(path).read_bytes() == content for path, content in FILES.items())


def test_without_the_list_of_a_folder_it_goes_by_its_hash(checkout):
    (listing,) = fsck.OBJECTS.glob("??/*.dir")
    listing.unlink()
    assert fsck.main() == 0
    flip(Path("data/tables/a/x.parquet"))
    assert fsck.main() == 1
    assert list(Path("data/tables/a").iterdir()) == []


@pytest.mark.parametrize("damaged", ["object", "list", "output"])
@pytest.mark.parametrize("path", ["data/tables/a", "data/tables", "data/tables/a/x.parquet"])
def test_what_was_made_of_it_is_removed_too(checkout, damaged, path, capsys):
    """Here, in the cache, and from what DVC remembers, whether a stage reads the file or the folder that it is in."""
    run = depends_on(path)
    (listing,) = fsck.OBJECTS.glob("??/*.dir")
    name = digest(FILES["data/tables/a/x.parquet"])
    of = {"object": fsck.OBJECTS / name[:2] / name[2:], "list": listing, "output": Path("data/tables/a/x.parquet")}
    flip(of[damaged])
    assert fsck.main() == 1
    assert "fsck: reports/claims.json was made of that; removed" in capsys.readouterr().err
    claims = digest(b"[]")
    left = [Path("reports/claims.json"), fsck.OBJECTS / claims[:2] / claims[2:], run]
    assert not any(file.exists() for file in left)
    assert fsck.main() == 0


def test_what_was_made_of_other_things_stays(checkout):
    run = depends_on("data/tables/b")
    flip(Path("data/tables/a/x.parquet"))
    assert fsck.main() == 1
    assert run.exists()
    assert Path("reports/claims.json").exists()
