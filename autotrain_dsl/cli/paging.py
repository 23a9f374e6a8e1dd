"""Pages written beside a df_manager, for ``report`` and ``evaluate``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from autotrain_dsl import nightly
from autotrain_dsl.catalog import Catalog
from autotrain_dsl.cli.jobs import Target
from autotrain_dsl.store import folder, open_state
from autotrain_dsl.store.base import StoreError
from autotrain_dsl.store.copies import overwrite
from autotrain_dsl.tables import manager
from autotrain_dsl.tables.issues import Issue


def write(target: Target, place: str, compiled: Catalog, unjudged: Sequence[Issue], at: str) -> int | None:
    """Make the pages of a df_manager in a folder or below a prefix; returns how many files are new or other ones.

    None where there is no table yet. Raises StoreError where a store fails or packages are missing, and TableError
    where the table is damaged.
    """
    snapshot = nightly.read_state(open_state(target.manager, target.access))
    if snapshot is None:
        return None
    frame = snapshot.frame
    # What somebody else has written may look like it, and hold anything.
    if not snapshot.generation or snapshot.edited or not manager.is_canonical(frame):
        rows = manager.from_frame(frame, compiled.metric_names, target.manager)
        frame = manager.to_frame(rows, compiled.integer_metrics)
    name = target.name or target.redact(PurePosixPath(target.manager).stem)
    try:
        from autotrain_dsl.pages import site  # noqa: PLC0415 - an extra, and heavy
        from autotrain_dsl.pages.material import Material  # noqa: PLC0415

        material = Material(name, frame, compiled, tuple(unjudged), at, target.watch)
        objects = folder(place, target.access)
        return sum(overwrite(objects, key, content) for key, content in site.files(material, target.schemas))
    except ModuleNotFoundError as error:
        message = f"pages need more packages ({error.name}): pip install 'autotrain-dsl[report]'"
        raise StoreError(message, wrong_use=True) from error
