"""A stage reads what dvc.lock says, or nothing."""

import os
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from superposition import inputs


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """Of a folder and a file, which one stage has put out, as DVC would note them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_STAGE", "plot@a")
    monkeypatch.setattr("sys.argv", ["stages/plot.py", "a"])
    for file, text in {"tables/x": "1", "tables/sub/y": "2", "params.json": "{}"}.items():
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(text)
    outs = [{"path": path, "hash": "md5", "md5": inputs.hashed(Path(path))} for path in ("tables", "params.json")]
    YAML().dump({"schema": "2.0", "stages": {"measure@a": {"outs": outs}, "report": {"cmd": "x"}}}, inputs.LOCK)
    return tmp_path


def refused(*outs: str) -> str:
    with pytest.raises(SystemExit) as ended:
        inputs.confirm_inputs(*map(Path, outs))
    return str(ended.value)


def test_what_is_as_it_was_put_out_is_read(checkout):
    inputs.confirm_inputs(Path("tables"), Path("params.json"))


def test_hashes_are_dvcs(checkout):
    """The one of {} is well known; of a folder it is that of its list, as in dvc.lock."""
    assert inputs.hashed(Path("params.json")) == "99914b932bd37a50b983c5e7c90ae93b"
    assert inputs.hashed(Path("tables")).endswith(".dir")
    os.rename("tables", "moved")
    assert inputs.hashed(Path("tables")) == "missing"


@pytest.mark.parametrize("how", ["another byte", "one more", "one less", "moved", "a link to another"])
def test_what_is_not_is_refused_whatever_times_say(checkout, how):
    file, before = Path("tables/sub/y"), Path("tables/sub/y").stat()
    match how:
        case "another byte":
            file.write_text("3")
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        case "one more":
            Path("tables/z").touch()
        case "one less":
            file.unlink()
        case "moved":
            file.rename("tables/y")
        case "a link to another":
            file.unlink()
            file.symlink_to(checkout / "params.json")
    said = refused("params.json", "tables")
    assert said == (
        "plot a: tables: not what dvc.lock says of it; make fsck removes what is damaged, make repro makes it anew"
    )
    inputs.confirm_inputs(Path("params.json"))


def test_what_no_stage_has_put_out_is_refused(checkout):
    assert refused("tables", "other") == "plot a: dvc.lock does not have other; run make repro, which makes it first"


@pytest.mark.parametrize("text", [None, "stages:\n  a: [", "stages: {a: {outs: [{path: tables"])
def test_a_lock_that_is_cut_off_is_refused(checkout, text):
    inputs.LOCK.unlink()
    if text is not None:
        inputs.LOCK.write_text(text)
    assert refused("tables").startswith("plot a: dvc.lock is missing or cut off")


def test_by_hand_nothing_is_asked(checkout, monkeypatch):
    monkeypatch.delenv("DVC_STAGE")
    inputs.confirm_inputs(Path("other"))
