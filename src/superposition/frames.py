"""Tables as files, of the same bytes whatever the environment asks of pandas."""

import warnings
from pathlib import Path

import pandas as pd

with warnings.catch_warnings():  # pandas is going to have no other form
    warnings.simplefilter("ignore")
    # What PANDAS_FUTURE_INFER_STRING=0 takes back: texts in a type of their own, which a file says of its columns.
    pd.set_option("future.infer_string", True)


def write(table: pd.DataFrame, file: Path) -> None:
    """Uncompressed: compressors give other bytes on other processors."""
    table.to_parquet(file, index=False, compression=None)
