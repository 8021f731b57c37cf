"""Every global name that code uses exists: jaxtyping's shapes are strings, for which linters take them for names."""

import builtins
import dis
from pathlib import Path
from types import CodeType

ROOT = Path(__file__).parents[1]
FOLDERS = ("src", "stages", "scripts", "benchmarks")
GIVEN = {"__name__", "__file__", "__path__", "__doc__", "__annotations__", "__module__", "__qualname__", *dir(builtins)}


def names(code: CodeType, operations: tuple[str, ...]) -> set[str]:
    own = {one.argval for one in dis.get_instructions(code) if one.opname in operations}
    return own.union(*(names(inner, operations) for inner in code.co_consts if isinstance(inner, CodeType)))


def missing(text: str) -> set[str]:
    """Names that are looked up outside of functions and are stored nowhere."""
    code = compile(text, "<module>", "exec")
    return names(code, ("LOAD_GLOBAL", "LOAD_NAME")) - names(code, ("STORE_GLOBAL", "STORE_NAME")) - GIVEN


def test_every_global_name_exists():
    files = [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]
    found = {str(file.relative_to(ROOT)): missing(file.read_text(encoding="utf-8")) for file in files}
    assert len(files) > 100
    assert not {file: absent for file, absent in found.items() if absent}


def test_a_missing_import_is_found():
    assert missing("import math\ndef f(x):\n    return np.square(x)\n") == {"np"}
