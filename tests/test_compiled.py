"""Compiled C++: what is kept is loaded only as it was kept, and no compiler, however broken, ends in a traceback."""

import ctypes
import hashlib
import os
import stat
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from superposition.training import compiled
from superposition.training.compiled import NotCompiled, compiler, load
from superposition.training.kernel import library

OPTIONS = ["-shared", "-fPIC"]
needs_a_compiler = pytest.mark.skipif(not compiler(), reason="no C++ compiler here: nothing is compiled")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/superposition"


@pytest.fixture
def source(tmp_path):
    file = tmp_path / "answer.cpp"
    file.write_text('extern "C" int answer() { return 42; }\n', encoding="utf-8")
    return file


@pytest.fixture
def runs(monkeypatch):
    """Commands that were run."""
    commands, run = [], subprocess.run

    def noted(command, **more):
        commands.append(command)
        return run(command, **more)

    monkeypatch.setattr(compiled.subprocess, "run", noted)
    return commands


@pytest.fixture
def kept(source, cache, runs):
    """The kept file of a source that was compiled once."""
    assert answer(source) == 42
    (file,) = cache.iterdir()
    runs.clear()
    return file


def answer(source):
    return load(source, OPTIONS).answer()


def planted(tmp_path):
    """Another library, with its digest."""
    other = tmp_path / "planted.cpp"
    other.write_text('extern "C" int answer() { return 13; }\n', encoding="utf-8")
    made = tmp_path / "planted.so"
    subprocess.run([*compiler(), *OPTIONS, str(other), "-o", str(made)], check=True)
    assert ctypes.CDLL(str(made)).answer() == 13
    return made.read_bytes(), hashlib.sha256(made.read_bytes()).digest()


def program(tmp_path, text, mode=0o755):
    file = tmp_path / "cxx"
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return str(file)


@needs_a_compiler
def test_what_is_kept_is_compiled_once(source, kept, runs):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert answer(source) == 42
    assert runs == []


@needs_a_compiler
@pytest.mark.parametrize("umask", [0o000, 0o002, 0o077])
def test_others_can_write_to_nothing_that_is_kept(umask, source, cache, runs):
    before = os.umask(umask)
    try:
        assert answer(source) == answer(source) == 42
    finally:
        os.umask(before)
    assert len(runs) == 1
    assert [stat.S_IMODE(path.stat().st_mode) for path in (cache, *cache.iterdir())] == [0o700, 0o600]


def other_library(file, tmp_path):
    file.write_bytes(planted(tmp_path)[0])


def other_library_after_the_digest(file, tmp_path):
    file.write_bytes(file.read_bytes()[: compiled.DIGEST] + planted(tmp_path)[0])


def cut_off(file, tmp_path):
    file.write_bytes(file.read_bytes()[:-1])


def empty(file, tmp_path):
    file.write_bytes(b"")


def one_bit(file, tmp_path):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def by_the_group(file, tmp_path):
    library, digest = planted(tmp_path)
    file.write_bytes(digest + library)
    file.chmod(0o660)


def by_all(file, tmp_path):
    library, digest = planted(tmp_path)
    file.write_bytes(digest + library)
    file.chmod(0o602)


def by_another_user(file, tmp_path):
    library, digest = planted(tmp_path)
    file.write_bytes(digest + library)
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    os.chown(file, 12345, -1)


def not_to_be_loaded(file, tmp_path):
    """As is what another machine made with newer libraries."""
    library = b"\x7fELF of another machine"
    file.write_bytes(hashlib.sha256(library).digest() + library)


FAULTS = [
    *(other_library, other_library_after_the_digest, cut_off, empty, one_bit),
    *(by_the_group, by_all, by_another_user, not_to_be_loaded),
]


@needs_a_compiler
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_what_is_not_as_it_was_kept_is_compiled_anew(fault, source, kept, tmp_path, runs):
    fault(kept, tmp_path)
    runs.clear()
    with pytest.warns(UserWarning, match="is not loaded but compiled anew") as said:
        assert answer(source) == 42
    assert len(said) == len(runs) == 1
    runs.clear()
    test_what_is_kept_is_compiled_once(source, kept, runs)


@needs_a_compiler
@pytest.mark.parametrize("fault", [by_the_group, by_all, "another user's", "a file"])
def test_without_a_folder_of_this_user_nothing_is_loaded_from_it(fault, source, kept, tmp_path, runs, monkeypatch):
    library, digest = planted(tmp_path)
    kept.write_bytes(digest + library)
    assert answer(source) == 13  # so that it would be seen
    if fault == "a file":
        monkeypatch.setenv("XDG_CACHE_HOME", str(source))
    elif fault == "another user's":
        monkeypatch.setattr(compiled.os, "geteuid", lambda: os.getuid() + 1)
    else:
        kept.parent.chmod({by_the_group: 0o770, by_all: 0o707}[fault])
    for _ in range(2):
        runs.clear()
        with pytest.warns(UserWarning, match="each process compiles C") as said:
            assert answer(source) == 42
        assert len(said) == len(runs) == 1


@needs_a_compiler
def test_what_cannot_be_kept_is_loaded_all_the_same(source, kept, runs):
    kept.unlink()
    kept.mkdir()
    (kept / "something").touch()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert answer(source) == 42
    assert [str(warning.message).partition(": ")[0] for warning in said] == [
        f"{kept} is not loaded but compiled anew",
        "each process compiles answer.cpp anew, as it cannot be kept",
    ]


@needs_a_compiler
def test_what_is_loaded_stays_whole_when_files_change(source, kept):
    library = load(source, OPTIONS)
    kept.write_bytes(b"")
    assert library.answer() == 42


BROKEN = {
    "nothing": ("#!/bin/sh\n", r"cxx said nothing and made nothing"),
    "an error": ("#!/bin/sh\necho 'error: no such option' >&2; exit 1\n", r"cxx failed \(error: no such option\)"),
    "an error, silently": ("#!/bin/sh\nexit 3\n", r"cxx failed"),
    "an empty file": ('#!/bin/sh\nfor last; do :; done; : > "$last"\n', r"what .*cxx made cannot be loaded"),
    "a text": ('#!/bin/sh\nfor last; do :; done; echo text > "$last"\n', r"what .*cxx made cannot be loaded"),
    "a folder": ('#!/bin/sh\nfor last; do :; done; mkdir "$last"\n', r"cxx could not be run"),
    "for ever": ("#!/bin/sh\nexec sleep 600\n", r"cxx was stopped, as it took more than 0\.2 s"),
    "what is read": ("#!/bin/sh\nexec cat\n", r"cxx said nothing and made nothing"),  # would wait for a terminal
    "no program": ("\x7fELF or so", r"cxx could not be run \(.*Exec format error"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_compiler_that_makes(what, source, cache, tmp_path, monkeypatch):
    text, reason = BROKEN[what]
    monkeypatch.setenv("CXX", program(tmp_path, text))
    monkeypatch.setattr(compiled, "PATIENCE", 0.2 if what == "for ever" else 60)
    with pytest.raises(NotCompiled, match=reason):
        load(source, OPTIONS)
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("mode", [0o644, None])
def test_what_is_no_program_is_named(mode, source, tmp_path, monkeypatch):
    file = program(tmp_path, "#!/bin/sh\n", mode) if mode else str(tmp_path / "missing")
    monkeypatch.setenv("CXX", file)
    with pytest.raises(NotCompiled, match=f"^CXX is {file}, which is no program$"):
        load(source, OPTIONS)


@needs_a_compiler
def test_a_compiler_may_be_named_with_options(source, monkeypatch, runs):
    monkeypatch.setenv("CXX", " ".join([*compiler(), "-O1"]))
    assert answer(source) == 42
    assert "-O1" in runs[0]


@needs_a_compiler
def test_where_nothing_in_tmpdir_may_be_executed_the_cache_is_loaded_from(source, cache, monkeypatch):
    load_library, tried = ctypes.CDLL, []

    def mounted_noexec(path):
        tried.append(path)
        if cache not in Path(path).parents:
            raise OSError(f"{path}: failed to map segment from shared object")
        return load_library(path)

    monkeypatch.setattr(compiled.ctypes, "CDLL", mounted_noexec)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [answer(source), answer(source)] == [42, 42]
    assert len(tried) == 4
    assert len(list(cache.iterdir())) == 1  # the kept one


@needs_a_compiler
def test_tiny_numbers_stay_where_a_compiler_was_told_to_drop_them():
    """Linked with -Ofast, a library switches them off for the thread that loads it (gcc before 13)."""
    code = "from superposition.training.kernel import library\nassert library() is not None\nassert 5e-324 * 1.0 > 0"
    environment = os.environ | {"CXX": " ".join([*compiler(), "-Ofast"])}
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env=environment)


@needs_a_compiler
def test_a_compiler_that_shortens_constants_is_refused(monkeypatch):
    command = " ".join([*compiler(), "-fsingle-precision-constant"])
    if subprocess.run([*command.split(), "-E", "-x", "c++", os.devnull], capture_output=True).stderr:
        pytest.skip("this compiler does not")
    monkeypatch.setenv("CXX", command)
    library.cache_clear()
    with pytest.warns(UserWarning, match="told to shorten constants"):
        assert library() is None
    library.cache_clear()
