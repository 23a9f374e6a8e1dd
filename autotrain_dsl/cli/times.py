"""Times that options give."""

from __future__ import annotations

import datetime as dt

import click


def now_or(now: str | None) -> str:
    """A time as ISO 8601 in UTC, the present one if none is given. Raises click.UsageError where it is none."""
    try:
        time = dt.datetime.fromisoformat(now) if now else dt.datetime.now(dt.UTC)
        time = (time if time.tzinfo is not None else time.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise click.UsageError(f"--now: `{now}` is no time such as 2026-01-31T06:00:00+00:00") from None
    return time.isoformat(timespec="seconds")
