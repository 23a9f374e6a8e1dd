"""Small records that tell whether they are still what was written, and the hash by which they do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def sha(content: bytes) -> str:
    """SHA-256 of some bytes, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def sealed(record: Mapping[str, Any]) -> bytes:
    """The bytes of a record, with a SHA-256 of everything else in it."""
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return json.dumps({**record, "sha256": sha(text.encode())}, sort_keys=True, indent=1).encode() + b"\n"


def opened(content: bytes) -> dict[str, Any] | None:
    """The record in some bytes, None where they are not exactly what ``sealed`` gave."""
    try:
        record: dict[str, Any] = json.loads(content)
        whole = sealed({key: value for key, value in record.items() if key != "sha256"}) == content
    except (ValueError, AttributeError, TypeError, RecursionError):
        return None
    return record if whole else None
