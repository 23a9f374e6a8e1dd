"""The solver, where it is installed: only ``verify`` needs it."""

from __future__ import annotations

from importlib.util import find_spec

import click

from autotrain_dsl.catalog import Deeper

EXTRA = "pip install 'autotrain-dsl[verify]'"
ADVICE = f"deeper checks are available with a solver: {EXTRA}"


def is_there() -> bool:
    """Whether a solver is installed."""
    return find_spec("z3") is not None


def require() -> None:
    """Raises a usage error where there is none."""
    if not is_there():
        raise click.UsageError(f"verify needs a solver: {EXTRA}")


def deeper() -> Deeper | None:
    """What ``validate`` can find with the solver; None without."""
    if not is_there():
        return None
    from autotrain_dsl.verification.examples import Spared  # noqa: PLC0415 - only with a solver

    return Spared()
