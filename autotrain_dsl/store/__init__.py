"""Where tables are kept: one small port, and what implements it."""

from __future__ import annotations

import re
from pathlib import Path

from autotrain_dsl.store.base import StoreError, Table
from autotrain_dsl.store.formats import SUFFIXES
from autotrain_dsl.store.local import LocalTable


def open_table(uri: str) -> Table:
    """The table at a URI. Raises StoreError where this version cannot reach it."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", uri):
        raise StoreError(f"`{uri}`: this version reads and writes local tables only", wrong_use=True)
    path = Path(uri)
    if path.suffix not in SUFFIXES:
        kinds = " or ".join(SUFFIXES)
        raise StoreError(f"`{uri}`: a table is a file that ends in {kinds}", wrong_use=True)
    return LocalTable(path)


def beside(uri: str, what: str) -> str:
    """URI of a table that accompanies another: ``df_manager.parquet`` -> ``df_manager_stats.parquet``."""
    path = Path(uri)
    return str(path.with_name(f"{path.stem}_{what}{path.suffix}"))
