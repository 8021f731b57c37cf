"""C++, compiled once for a machine and kept in the user's cache.

What is found there is loaded only if this user put it there and it has not changed since; else it is compiled anew.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import stat
import subprocess
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

from superposition.training import processor

PATIENCE = 600  # seconds; it takes four, but a processor may be emulated and a disk far away
DIGEST = hashlib.sha256().digest_size  # bytes that a kept file begins with: the digest of the library that follows


class NotCompiled(Exception):
    """Says why, to a person."""


def load(source: Path, options: Sequence[str]) -> ctypes.CDLL:
    """The library of this source, for this processor."""
    if not compiler():
        named = os.environ.get("CXX")
        raise NotCompiled(f"CXX is {named}, which is no program" if named else "no C++ compiler found")
    command = [*compiler(), *options]
    # A cache may be shared between machines.
    made_of = "\n".join([*command, platform.machine(), processor.instructions(), source.read_text(encoding="utf-8")])
    name = f"{source.stem}-{hashlib.sha256(made_of.encode()).hexdigest()[:16]}"
    folder = cache()
    if folder is not None:
        try:
            return loaded(kept(folder / name), folder)
        except FileNotFoundError:
            pass  # the first time
        except OSError as error:
            warnings.warn(f"{folder / name} is not loaded but compiled anew: {error}", stacklevel=2)
    library = compiled(source, command)
    try:
        found = loaded(library, folder)
    except OSError as error:
        raise NotCompiled(f"what {command[0]} made cannot be loaded ({error})") from error
    if folder is not None:
        try:
            keep(folder / name, library)
        except OSError as error:
            warnings.warn(f"each process compiles {source.name} anew, as it cannot be kept: {error}", stacklevel=2)
    return found


def compiled(source: Path, command: Sequence[str]) -> bytes:
    try:
        with private_folder() as folder:
            made = Path(folder, "made")
            done = subprocess.run(
                [*command, str(source), "-o", str(made)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=PATIENCE,
            )
            if done.returncode != 0:
                reason = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip())
                raise NotCompiled(f"{command[0]} failed ({reason})")
            if not made.exists():
                raise NotCompiled(f"{command[0]} said nothing and made nothing")
            return made.read_bytes()
    except subprocess.TimeoutExpired as error:
        raise NotCompiled(f"{command[0]} was stopped, as it took more than {PATIENCE} s") from error
    except OSError as error:
        raise NotCompiled(f"{command[0]} could not be run ({error})") from error


def kept(file: Path) -> bytes:
    """The library in this file; OSError if it is not as this user kept it."""
    with file.open("rb") as opened:
        require_private(file, os.fstat(opened.fileno()))
        content = opened.read()
    digest, library = content[:DIGEST], content[DIGEST:]
    if hashlib.sha256(library).digest() != digest:
        raise OSError("it has changed since it was kept")
    return library


def keep(file: Path, library: bytes) -> None:
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        new = Path(folder, file.name)
        new.write_bytes(hashlib.sha256(library).digest() + library)
        new.chmod(0o600)  # whatever the umask is
        new.replace(file)  # at once, for all who wait for it


def loaded(library: bytes, folder: Path | None) -> ctypes.CDLL:
    """From a private copy: the very bytes that were compiled or checked, whatever happens to files meanwhile.

    In TMPDIR, or in `folder` where nothing in TMPDIR may be executed.
    """
    try:
        return _loaded(library, None)
    except OSError:
        if folder is None:
            raise
        return _loaded(library, folder)


def _loaded(library: bytes, parent: Path | None) -> ctypes.CDLL:
    with private_folder(parent) as folder:
        copy = Path(folder, "library.so")
        copy.write_bytes(library)
        return ctypes.CDLL(str(copy))


def private_folder(parent: Path | None = None) -> tempfile.TemporaryDirectory[str]:
    """A new one, by default in TMPDIR. A file system that keeps what is in use may leave it behind, empty."""
    return tempfile.TemporaryDirectory(prefix="superposition-", dir=parent, ignore_cleanup_errors=True)


def cache() -> Path | None:
    """A folder that only this user writes to; None, and why is said, where there is none."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "superposition")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        require_private(folder, folder.stat())
        return folder
    except (OSError, RuntimeError) as error:  # RuntimeError: of a user without a home
        warnings.warn(f"each process compiles C++ anew, as there is no cache: {error}", stacklevel=2)
        return None


def require_private(path: Path, status: os.stat_result) -> None:
    if status.st_uid != os.geteuid():
        raise PermissionError(f"{path} belongs to another user")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(f"others may write to {path} (chmod go-w)")


def compiler() -> list[str]:
    """CXX, a program and its options, where it is set, else what is there; empty where there is none."""
    words = os.environ.get("CXX", "").split()
    program = next(filter(None, map(shutil.which, words[:1] or ("c++", "g++", "clang++"))), None)
    return [program, *words[1:]] if program else []
