"""The page of a back-test, complete in itself."""

from __future__ import annotations

from typing import Any

from autotrain_dsl.backtest.comparing import Comparison
from autotrain_dsl.pages import rendering
from autotrain_dsl.render.diagram import clean
from autotrain_dsl.report import backtest as words
from autotrain_dsl.report.backtest import BackTest
from autotrain_dsl.spelling import counted

MOVES = {"STAY": "stay", "PROGRESS": "progress", "ROLLBACK": "rollback"}


def html(made: BackTest) -> bytes:
    """The page: where curriculums part, how far mice get with curves, rules, variants, and every mouse affected."""
    one = made.comparison
    tables = list(words.tables(one))
    ways = tables.pop(0)[1] if one.ways else []
    sides = words.sides_of(one)
    reached = {each.stage for side in sides for each in side.reached}
    stages = [stage for stage in words.stages(sides) if stage in reached]
    context = {
        "title": clean(words.title(one)),
        "behavior": clean(made.behavior),
        "extent": words.extent(one),
        "others": [clean(names) for names in words.others(one)],
        "left_out": [(counted(count, "session"), why) for why, count in one.recorded.left_out],
        "mice": f"{one.mice:,}",
        "sessions": f"{one.sessions:,}",
        "affected": None if one.old is None else len(one.divergences),
        "medians": _medians(one),
        "parting": list(words.parting(one)),
        "ways": ways,
        "assumed": words.ASSUMED,
        "stages": stages,
        "tables": tables,
        "variants": words.sweep(made) if made.variants else [],
        "base": words.base_name(made),
        "chosen": words.CHOSEN,
        "failed": list(words.failed(made)),
        "divergences": one.divergences[: words.LISTED_IN_PAGE],
        "unlisted": list(words.unlisted(one, words.LISTED_IN_PAGE)),
        "labels": words.labels(one),
        "moves": MOVES,
        "curves": _curves(one),
    }
    scripts = (rendering.PLOTLY, "common.js", "backtest.js")
    return rendering.whole("backtest.html", scripts, context)


def _medians(one: Comparison) -> list[tuple[str, str, str]]:
    found = []
    for side, name in zip(words.sides_of(one), words.labels(one), strict=True):
        last = next((each.arrival for each in side.reached if each.final), None)
        if last is not None:
            shown = "beyond" if last.median is None else str(last.median)
            found.append((name, shown, f"{last.arrived} of {last.mice} there"))
    return found


def _curves(one: Comparison) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "stages": {
                each.stage: {
                    "points": [
                        [at, round(share, 5), round(low, 5), round(high, 5)]
                        for at, share, low, high in each.arrival.curve
                    ],
                    "followed": each.arrival.followed,
                    "arrived": each.arrival.arrived,
                    "mice": each.arrival.mice,
                }
                for each in side.reached
            },
        }
        for side, name in zip(words.sides_of(one), words.labels(one), strict=True)
    ]
