"""Results without computing: published to a folder, to servers that a test starts, and packed into a file."""

import asyncio
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path

import pytest

from tests.checkout import ROOT, SHORT, Small

KEYS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def computed(tmp_path_factory) -> Small:
    """A checkout in which everything is computed and committed."""
    small = Small(tmp_path_factory.mktemp("remote"), short=SHORT, other=SHORT | {"seeds": 2})
    (small.root / "docs").mkdir()
    (small.root / "docs/data.md").write_text("What the columns are.\n", encoding="utf-8")
    small.run(*small.make("repro"), check=True)
    commit(small)
    return small


def commit(small: Small) -> None:
    small.run("git", "add", "-A", check=True)
    small.run("git", "commit", "-qm", "results", check=True)


def cloned(small: Small, folder: Path) -> Small:
    """As somebody else has it: what is committed, and nothing in data/ or in DVC's cache."""
    clone = copy(small)
    clone.root = folder / "clone"
    subprocess.run(["git", "clone", "-q", small.root, clone.root], check=True)
    return clone


@contextmanager
def folder(tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    yield str(tmp_path / "folder"), {}


@contextmanager
def ssh(tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """An SSH server of this process, with files of the machine."""
    pytest.importorskip("dvc_ssh", reason="requirements-remote.txt is not installed")
    import asyncssh

    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(tmp_path / "key")
    key.write_public_key(tmp_path / "key.pub")
    loop = asyncio.new_event_loop()
    options = {"server_host_keys": [key], "authorized_client_keys": str(tmp_path / "key.pub"), "sftp_factory": True}
    server = loop.run_until_complete(asyncssh.listen("127.0.0.1", 0, **options))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"ssh://somebody@127.0.0.1:{server.get_port()}{tmp_path}/ssh", {"keyfile": str(tmp_path / "key")}
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.run_until_complete(server.wait_closed())
        loop.close()


@contextmanager
def s3(_: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A server that speaks S3, with a bucket."""
    pytest.importorskip("dvc_s3", reason="requirements-remote.txt is not installed")
    moto = pytest.importorskip("moto.server", reason="moto, of requirements-dev.txt, is not installed")
    import boto3

    server = moto.ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        address = "http://{}:{}".format(*server.get_host_and_port())
        login = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
        boto3.client("s3", endpoint_url=address, **login).create_bucket(Bucket="bucket")
        yield "s3://bucket/results", {"endpointurl": address}
    finally:
        server.stop()


@pytest.mark.slow
@pytest.mark.parametrize("remote", [folder, ssh, s3], ids=lambda remote: remote.__name__)
def test_what_is_published_is_pulled_and_up_to_date(computed, tmp_path, remote):
    with remote(tmp_path) as (address, options):
        computed.dvc("remote", "add", "--default", "--force", "results", address, check=True)
        for key, value in options.items():
            computed.dvc("remote", "modify", "results", key, value, check=True)
        commit(computed)
        said = computed.run(*computed.make("publish"), env=KEYS, check=True).stdout
        assert f" are in {address}; make pull gets them" in said

        clone = cloned(computed, tmp_path)
        said = clone.run(*clone.make("pull"), env=KEYS, check=True).stdout
        assert "remote: 8 of 8 results have the hashes of dvc.lock" in said
    assert clone.contents() == computed.contents()
    assert clone.status() == {}
    assert "Running stage" not in clone.run(*clone.make("repro"), check=True).stdout


def publish_into_folder(computed, tmp_path):
    with folder(tmp_path) as (address, _):
        computed.dvc("remote", "add", "--default", "--force", "results", address, check=True)
        commit(computed)
        computed.run(*computed.make("publish"), check=True)


@pytest.mark.slow
def test_of_a_variant_only_its_own_models_are_trained_after_a_pull(computed, tmp_path):
    publish_into_folder(computed, tmp_path)
    clone = cloned(computed, tmp_path)
    clone.run(*clone.make("pull"), check=True)
    loaded = "import superposition; print(superposition.load('short').best(sparsity=0.9).W.shape)"
    assert clone.run(sys.executable, "-c", loaded, env={"PYTHONPATH": "src"}, check=True).stdout == "(2, 5)\n"
    said = clone.run(*clone.make("vary", "EXPERIMENT=other", "SET=seeds=3", "NAME=more"), check=True).stdout
    assert [line for line in said.splitlines() if "stages/train.py" in line] == [
        "> PYTHONPATH=src python stages/train.py other"
    ]
    assert clone.status() == {}


@pytest.mark.slow
def test_what_a_remote_has_not_or_has_wrong_is_named(computed, tmp_path):
    publish_into_folder(computed, tmp_path)
    files = sorted((tmp_path / "folder/files/md5").rglob("*"), key=lambda path: path.stat().st_size)
    wrong = files[-1]
    wrong.chmod(0o644)
    wrong.write_bytes(wrong.read_bytes()[:-1] + b"x")
    clone = cloned(computed, tmp_path)
    done = clone.run(*clone.make("pull"))
    assert done.returncode == 2
    assert "remote: 7 of 8 results have the hashes of dvc.lock" in done.stdout
    assert "make repro computes them" in done.stderr


def test_what_cannot_be_published_is_refused(computed, tmp_path):
    clone = cloned(computed, tmp_path)
    clone.dvc("remote", "add", "--default", "--force", "results", str(tmp_path / "folder"), check=True)
    done = clone.run(*clone.make("publish"))
    assert done.returncode == 2
    assert "8 of 8 results are not here (data/params.json, " in done.stderr
    (clone.root / "dvc.lock").open("a", encoding="utf-8").write("# an edit\n")
    assert "dvc.lock is not as committed" in clone.run(*clone.make("publish")).stderr
    clone.dvc("remote", "remove", "results", check=True)
    assert "DVC has no default remote; name one: dvc remote add --default" in clone.run(*clone.make("pull")).stderr


@pytest.mark.slow
def test_an_archive_takes_the_place_of_a_remote(computed, tmp_path):
    computed.run(*computed.make("archive"), check=True)
    (archive,) = computed.root.glob("results-*.tar")
    first = archive.read_bytes()
    archive.touch()
    computed.run(*computed.make("archive"), check=True)
    assert archive.read_bytes() == first
    assert computed.run("git", "status", "--porcelain", check=True).stdout == ""
    with tarfile.open(archive) as tar:
        names = tar.getnames()
    assert {
        f"{archive.stem}/{name}" for name in ("dvc.lock", "docs/data.md", "data/tables/short/instances.parquet")
    } <= {*names}

    clone = cloned(computed, tmp_path)
    said = clone.run(*clone.make("unpack", f"ARCHIVE={archive}"), check=True).stdout
    assert said == "unpack: 8 of 8 results have the hashes of dvc.lock\n"
    assert clone.contents() == computed.contents()
    assert clone.status() == {}
    clone.run("rm", "-r", "data", check=True)
    clone.dvc("checkout", check=True)  # DVC's cache has them too
    assert clone.contents() == computed.contents()


@pytest.mark.slow
def test_of_an_archive_only_what_is_this_commits_is_taken(computed, tmp_path):
    computed.run(*computed.make("archive"), check=True)
    (archive,) = computed.root.glob("results-*.tar")
    clone = cloned(computed, tmp_path)
    cut = tmp_path / "cut.tar"
    cut.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    done = clone.run(*clone.make("unpack", f"ARCHIVE={cut}"))
    assert done.returncode == 2
    assert f"make: {cut}: unexpected end of data" in done.stderr
    assert not (clone.root / "data").exists()

    other = tmp_path / "other.tar"
    with tarfile.open(archive) as tar, tarfile.open(other, "w") as changed:
        for entry in tar:
            content = tar.extractfile(entry)
            if "/data/tables/short" in entry.name:
                entry.name = entry.name.replace("/data/tables/short", "/data/tables/../../../away")
            changed.addfile(entry, content)
    done = clone.run(*clone.make("unpack", f"ARCHIVE={other}"))
    assert done.returncode == 2
    assert done.stdout.splitlines() == [
        "unpack: 7 of 8 results have the hashes of dvc.lock",
        "unpack: not data/tables/short: make repro computes them",
    ]
    assert not list(tmp_path.rglob("away"))
    assert (clone.root / "data/trained/short").is_dir()


@pytest.mark.parametrize(("address", "needed"), [("/mnt/results", 0), ("s3://bucket/results", 1), ("ssh://a@b/c", 1)])
def test_what_servers_need_is_installed_where_an_address_asks_for_it(tmp_path, address, needed):
    for file in (ROOT / "Makefile", *ROOT.glob("requirements*.txt")):
        shutil.copy(file, tmp_path)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text(f"['remote \"results\"']\n    url = {address}\n", encoding="utf-8")
    done = subprocess.run(["make", "-n", "pull", "RUNTIME="], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.count("--require-hashes -r requirements-remote.txt") == needed
