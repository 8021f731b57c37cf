"""Files of the safetensors format, so that nothing needs to be installed to read or write them.

Eight bytes say how long a header in JSON is, little-endian; it has the type, the shape and the place of each tensor in
what follows, which are nothing but numbers (https://github.com/huggingface/safetensors, "Format").
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray

from superposition.dictionaries.refused import Refused

DTYPES = {
    **{"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1"},
    **{"U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1"},
}
BF16 = "BF16"  # the upper half of a float32, which numpy does not have
LONGEST_HEADER = 100_000_000  # bytes, as in the format's own library
METADATA = "__metadata__"


def read(path: Path) -> dict[str, ndarray]:
    """All tensors, by their names.

    Raises:
        Refused: for a file that is none of these, is cut off, or has tensors of a type that is no number's.
    """
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or not 0 < length <= min(len(content) - 8, LONGEST_HEADER):
        raise Refused(f"{path}: no file of the safetensors format, or cut off")
    try:
        header = json.loads(content[8 : 8 + length])
        tensors = {name: _tensor(content[8 + length :], entry) for name, entry in header.items() if name != METADATA}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{path}: no file of the safetensors format, or cut off ({error})") from None
    return tensors


def _tensor(numbers: bytes, entry: Mapping[str, Any]) -> ndarray:
    start, end = entry["data_offsets"]
    shape = tuple(entry["shape"])
    dtype = "<u2" if entry["dtype"] == BF16 else DTYPES.get(entry["dtype"])
    if dtype is None:
        raise ValueError(f"dtype {entry['dtype']}: must be among {', '.join([*DTYPES, BF16])}")
    if not 0 <= start <= end <= len(numbers):
        raise ValueError(f"numbers {start} to {end} of {len(numbers)} bytes")
    found = np.frombuffer(numbers[start:end], dtype).reshape(shape)
    return (found.astype("<u4") << 16).view("<f4") if entry["dtype"] == BF16 else found


def write(path: Path, tensors: Mapping[str, ndarray], metadata: Mapping[str, str]) -> None:
    """All of it or nothing, and the same bytes for the same tensors."""
    names = {dtype: name for name, dtype in DTYPES.items()}
    header: dict[str, Any] = {METADATA: dict(metadata)}
    end = 0
    for name, tensor in tensors.items():
        start, end = end, end + tensor.nbytes
        dtype = tensor.dtype.newbyteorder("<").str
        header[name] = {"dtype": names[dtype], "shape": list(tensor.shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # numbers begin at a multiple of 8, as the format's own library has them
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for tensor in tensors.values():
            file.write(np.ascontiguousarray(tensor, tensor.dtype.newbyteorder("<")).tobytes())
    os.replace(part, path)
