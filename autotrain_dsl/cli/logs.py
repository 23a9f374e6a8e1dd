"""What a run does, step by step, on standard error: a line of text or a JSON object each."""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any

from autotrain_dsl.report.text import clean


def start(form: str | None) -> logging.Logger:
    """The log of this run; without a form nothing is logged."""
    logger = logging.getLogger("autotrain_dsl")
    logger.handlers.clear()
    logger.propagate = False
    logger.setLevel(logging.INFO)
    handler: logging.Handler = logging.NullHandler() if form is None else logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())  # of a handler that says nothing, either
    logger.addHandler(handler)
    return logger


def is_json(logger: logging.Logger) -> bool:
    """Whether standard error is a JSON object a line, so that nothing else may be said there."""
    return any(isinstance(handler.formatter, _Json) for handler in logger.handlers)


def tell(logger: logging.Logger, event: str, facts: Mapping[str, Any], redact: Callable[[str], str]) -> None:
    """Log one step; ``redact`` takes secrets out of every text in it."""
    level = logging.ERROR if event == "failed" else logging.INFO
    logger.log(level, event, extra={"facts": {name: _shown(value, redact) for name, value in facts.items()}})


def _shown(value: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_shown(each, redact) for each in value]
    return redact(value) if isinstance(value, str) else value


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts: Mapping[str, Any] = getattr(record, "facts", {})
        return json.dumps({"time": _time(record), "level": record.levelname.lower(), "event": record.msg, **facts})


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts: Mapping[str, Any] = getattr(record, "facts", {})
        shown = " ".join(f"{name}={clean(str(value))}" for name, value in facts.items())
        return f"{_time(record)} {record.levelname.lower()} {record.msg} {shown}"


def _time(record: logging.LogRecord) -> str:
    return dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
