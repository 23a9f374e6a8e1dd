"""Curriculums copied to the mirrors of a df_manager."""

from __future__ import annotations

from pathlib import Path

from autotrain_dsl.cli.jobs import Target
from autotrain_dsl.files import candidates
from autotrain_dsl.store import folder
from autotrain_dsl.store.base import StoreError
from autotrain_dsl.store.copies import upload


def copy_curriculums(target: Target, paths: list[Path]) -> list[StoreError]:
    """Copy the curriculum files (and the configured task schemas) to every mirror; returns what failed."""
    failed = []
    try:
        files = _files(paths, target.schemas) if target.mirrors else {}
    except (OSError, RuntimeError) as error:
        return [StoreError(f"the curriculums cannot be copied to the mirrors: {error}")]
    for mirror in target.mirrors:
        try:
            upload(folder(mirror, target.access), files)
        except StoreError as error:
            failed.append(error)
    return failed


def _files(paths: list[Path], schemas: Path | None) -> dict[str, bytes]:
    """What a mirror gets: of several folders with curriculums each below its own name, as ``extends`` stays inside."""
    found = {}
    for number, path in enumerate(paths, 1):
        base = path if path.is_dir() else path.parent
        names = [(each if each.is_dir() else each.parent).resolve().name for each in paths]
        own = base.resolve().name if names.count(base.resolve().name) == 1 else f"{base.resolve().name}_{number}"
        place = "curriculums" if len(paths) == 1 else f"curriculums/{own}"
        for file in candidates(path):
            if _belongs(file, base):
                found[f"{place}/{file.relative_to(base).as_posix()}"] = file.read_bytes()
    for file in candidates(schemas) if schemas is not None else ():
        if schemas is not None and _belongs(file, schemas):
            found[f"schemas/tasks/{file.name}"] = file.read_bytes()
    return found


def _belongs(file: Path, base: Path) -> bool:
    """Whether a file lies in its folder, and is no link to what somebody wants to see copied."""
    return file.is_file() and file.resolve().is_relative_to(base.resolve())
