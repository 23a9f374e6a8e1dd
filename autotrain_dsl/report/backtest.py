"""A back-test as text, as JSON and as Markdown for a pull request."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from autotrain_dsl.backtest.comparing import Comparison, Counted, Divergence, Side, Verdict
from autotrain_dsl.backtest.survival import Arrival
from autotrain_dsl.backtest.sweeping import Variant
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.report.columns import aligned, code, markdown_table
from autotrain_dsl.report.text import clean
from autotrain_dsl.spelling import counted

FORMAT = 1
_WIDTH = 110  # of sentences
LISTED = 20  # mice that the text names one by one
LISTED_IN_MARKDOWN = 100  # a comment on a pull request holds 65,536 characters
LISTED_IN_PAGE = 2000
_SEVERAL = 5  # this many rollbacks and more are counted together
ASSUMED = "as if every mouse had behaved as recorded, whatever stage it is at"
ENDING = (
    "how long it takes is told as if mice whose record ends would have gone on like the others; "
    "of mice that left because they had graduated, or were given up, that is not so"
)
PAIRED = "both are told of the same mice: that two intervals overlap does not say that the curriculums are alike"
CHOSEN = "the best of many variants looks better on this record than it is"

Rows = list[list[str]]


@dataclass(frozen=True)
class BackTest:
    """A comparison, the table it was made of, and the variants of a sweep, each compared with the same curriculum."""

    behavior: str
    comparison: Comparison
    variants: tuple[tuple[Variant, Comparison | None], ...] = ()


def text(made: BackTest) -> Iterator[str]:
    """Lines: where the curriculums part, how far mice get, which rules decided, who is affected, and the variants."""
    one = made.comparison
    yield clean(f"{title(one)}, replayed on {made.behavior}: {extent(one)}")
    yield from (f"  sessions of {clean(names)}" for names in others(one))
    yield from (f"  left out: {counted(count, 'session')} {why}" for why, count in one.recorded.left_out)
    yield ""
    for line in parting(one):
        yield from textwrap.wrap(clean(line), _WIDTH, subsequent_indent="  ")
    for heading, rows in tables(one):
        yield f"\n{heading}"
        yield from (f"  {clean(line)}" for line in aligned(rows))
    yield from _mice(one)
    if made.variants:
        yield f"\nvariants, each compared with {clean(base_name(made))} ({CHOSEN})"
        yield from (f"  {clean(line)}" for line in aligned(sweep(made)))
        yield from (f"  {clean(line)}" for line in failed(made))


def markdown(made: BackTest) -> Iterator[str]:
    """Lines of Markdown; everything that an author or a table says stands in code spans."""
    one = made.comparison
    yield f"### Back-test: {code(title(one))}"
    yield f"\nReplayed on {code(made.behavior)}: {extent(one)}."
    yield from (f"Sessions of {code(names)}." for names in others(one))
    yield from (f"Left out: {counted(count, 'session')} {why}." for why, count in one.recorded.left_out)
    yield ""
    yield from (f"- {line}" for line in parting(one))
    for heading, rows in tables(one):
        yield f"\n**{heading[0].upper()}{heading[1:]}**\n"
        yield from markdown_table([rows[0], *([code(row[0]), *row[1:]] for row in rows[1:])])
    if one.divergences:
        yield f"\n<details><summary>{counted(len(one.divergences), 'mouse', 'mice')} decided otherwise</summary>\n"
        yield from (f"- {code(divergence(each))}" for each in one.divergences[:LISTED_IN_MARKDOWN])
        yield from (f"\n{line[0].upper()}{line[1:]}." for line in unlisted(one, LISTED_IN_MARKDOWN))
        yield "\n</details>"
    if made.variants:
        yield f"\n**Variants, each compared with {code(base_name(made))}** ({CHOSEN})\n"
        yield from markdown_table(sweep(made))
        yield from (f"\n{code(line)}" for line in failed(made))


def as_json(made: BackTest) -> str:
    """A JSON object with everything, curves included."""
    return json.dumps(data(made), indent=2) + "\n"


def data(made: BackTest) -> dict[str, Any]:
    """The same as plain data."""
    one = made.comparison
    return {
        "version": FORMAT,
        "behavior": made.behavior,
        "mice": one.mice,
        "sessions": one.sessions,
        "sessions_with_stage": one.ran,
        "sessions_of": list(one.recorded.names),
        "mice_without_first_session": one.late,
        "left_out": [{"why": why, "sessions": count} for why, count in one.recorded.left_out],
        "strict": _counted(one.strict),
        "assuming_same_behavior": _counted(one.assumed),
        "at_stages_run": _counted(one.at_run),
        "old": None if one.old is None else _side(one.old),
        "new": _side(one.new),
        "mice_that_differ": [asdict(each) for each in one.divergences],
        "variants": [
            {
                "constants": dict(variant.values),
                "errors": [f"{error.code.id} {error.message}" for error in variant.errors],
                "mice_that_differ": None if found is None else found.affected,
                "strict": None if found is None else _counted(found.strict),
                "assuming_same_behavior": None if found is None else _counted(found.assumed),
                "curriculum": None if found is None else _side(found.new),
            }
            for variant, found in made.variants
        ],
    }


def title(one: Comparison) -> str:
    """Which curriculums: ``Coupled Baiting 2.3 against 2.1``."""
    if one.old is None:
        return _name(one.new.graph)
    was, now = one.old.graph.curriculum, one.new.graph.curriculum
    return f"{now.name} {now.version} against {was.version if was.name == now.name else _name(one.old.graph)}"


def sides_of(one: Comparison) -> list[Side]:
    """The curriculums that are compared, the old one first."""
    return [side for side in (one.old, one.new) if side is not None]


def stages(sides: Sequence[Side]) -> list[str]:
    """The stages of all of them in the order of training: that of the new curriculum, others after the one before."""
    found = [stage.name for stage in sides[-1].graph.stages]
    for side in sides:
        before = 0
        for stage in side.graph.stages:
            if stage.name not in found:
                found.insert(before, stage.name)
            before = found.index(stage.name) + 1
    return found


def labels(one: Comparison) -> list[str]:
    """What to call each of them: its version, where that tells them apart."""
    graphs = [side.graph for side in sides_of(one)]
    for told in ([graph.curriculum.version for graph in graphs], [_name(graph) for graph in graphs]):
        if len(set(told)) == len(graphs):
            return told
    return [f"{graph.curriculum.version} ({which})" for graph, which in zip(graphs, ("old", "new"), strict=False)]


def extent(one: Comparison) -> str:
    """How much was replayed."""
    return f"{counted(one.mice, 'mouse', 'mice')}, {counted(one.sessions, 'session')}"


def others(one: Comparison) -> Iterator[str]:
    """Under which curriculums the sessions were run, if not all under those that are compared, or under one alone."""
    names = one.recorded.names
    if len(names) > 1 or not set(names) <= {side.graph.curriculum.name for side in sides_of(one)}:
        yield ", ".join(names)


def parting(one: Comparison) -> Iterator[str]:
    """Lines that say where the curriculums part, and what is assumed for that."""
    strict, assumed = one.strict or Counted(0, 0), one.assumed or Counted(0, 0)
    if one.old is not None:
        begun = sum(_begins_apart(each) for each in one.divergences)
        left = sum(not each.strict for each in one.divergences) - begun
        yield (
            f"decided otherwise at least once: {one.affected:,} of {counted(one.mice, 'mouse', 'mice')}"
            f"{f', {begun:,} of them because they begin at different stages' if begun else ''}"
            f"{f', {left:,} of them only where the record has left the replay' if left else ''}"
        )
        yield (
            f"strictly, up to the first difference of a mouse: {counted(strict.sessions, 'session')}, "
            f"the decision differs in {strict.differing:,}"
        )
        yield (
            f"from there on, or once the record has left the replay, assuming the same behaviour at another stage: "
            f"{counted(assumed.sessions, 'session')}, the decision differs in {assumed.differing:,}"
        )
    elif one.ran:
        yield (
            f"strictly, as long as a mouse was run at the stage that the curriculum has it at: "
            f"{counted(strict.sessions, 'session')}; from there on, assuming the same behaviour at another stage: "
            f"{counted(assumed.sessions, 'session')}"
        )
    if one.at_run is not None:
        yield (
            f"at the stage that was really run: {counted(one.at_run.sessions, 'session')}, "
            f"the decision differs in {one.at_run.differing:,}"
        )
    yield from _about_the_record(one)


def _begins_apart(each: Divergence) -> bool:
    return each.old.stage != each.new.stage


def _about_the_record(one: Comparison) -> Iterator[str]:
    if not one.ran:
        yield f"the record does not tell which stages were run: they are taken to be those of {labels(one)[0]}"
    else:
        untold = one.sessions - one.ran
        yield from (f"of {counted(untold, 'session')} it is not told which stage was run" for _ in range(untold > 0))
        for side, name in zip(sides_of(one), labels(one), strict=True):
            yield f"mice that at some time ran another stage than {name} has them at: {side.departed} of {one.mice}"
    if one.late:
        yield f"{counted(one.late, 'mouse', 'mice')} replayed from a later session than 1: not in how long it takes"
    yield ENDING
    if one.old is not None:
        yield PAIRED


def tables(one: Comparison) -> Iterator[tuple[str, Rows]]:
    """Every table under its heading; the first row of a table is its head."""
    sides, names = sides_of(one), labels(one)
    if one.ways:
        rows = [[way[0], way[1], way[2], f"{mice}"] for way, mice in one.ways]
        yield "first differences", [["stage", *names, "mice"], *rows]
    yield (
        f"replayed sessions until a stage or a later one ({ASSUMED}; beyond: after the record)",
        _reached(sides, names),
    )
    yield "rollbacks of a mouse (mean, then mice by how many)", _rollbacks(sides, names)
    yield "mice by the stage after their last session", _ends(sides, names)
    yield "rules, and how often they decided", _rules(sides, names)


def _reached(sides: Sequence[Side], names: Sequence[str]) -> Rows:
    head = ["stage"]
    for name in names:
        head += [f"{name}: median", "95 %", "quartiles", "mice there"]
    found: dict[str, list[Arrival | None]] = {stage: [None] * len(sides) for stage in stages(sides)}
    for place, side in enumerate(sides):
        for each in side.reached:
            found[each.stage][place] = each.arrival
    told = {stage: row for stage, row in found.items() if any(each is not None for each in row)}
    return [head, *([stage, *(cell for each in row for cell in arrival(each))] for stage, row in told.items())]


def arrival(each: Arrival | None) -> list[str]:
    """Median, its interval, first and third quartile, and how many mice have arrived."""
    if each is None:
        return ["", "", "", ""]
    (low, median, high), (below, above) = each.quartiles, each.interval
    interval = f"{below} to {_sessions(above)}" if median is not None and below is not None else ""
    return [_sessions(median), interval, f"{_sessions(low)} to {_sessions(high)}", f"{each.arrived:,} of {each.mice:,}"]


def _sessions(count: int | None) -> str:
    return "beyond" if count is None else str(count)


def _rollbacks(sides: Sequence[Side], names: Sequence[str]) -> Rows:
    head = ["curriculum", "mean", *(str(times) for times in range(_SEVERAL)), f"{_SEVERAL} and more"]
    rows = []
    for side, name in zip(sides, names, strict=True):
        by_times = [side.rollbacks.get(times, 0) for times in range(_SEVERAL)]
        more = sum(mice for times, mice in side.rollbacks.items() if times >= _SEVERAL)
        rows.append([name, f"{side.rollbacks_per_mouse:.2f}", *map(str, by_times), str(more)])
    return [head, *rows]


def _ends(sides: Sequence[Side], names: Sequence[str]) -> Rows:
    rows = [[stage, *(_at_end(side, stage) for side in sides)] for stage in stages(sides)]
    return [["stage", *names], *rows]


def _at_end(side: Side, stage: str) -> str:
    return f"{side.ends.get(stage, 0):,}" if side.graph.has_stage(stage) else ""


def _rules(sides: Sequence[Side], names: Sequence[str]) -> Rows:
    rules = dict.fromkeys(rule for side in sides for rule in side.fired)
    order = {stage: place for place, stage in enumerate(stages(sides))}
    rows = []
    for stage, number in sorted(rules, key=lambda rule: (order[rule[0]], rule[1])):
        words = [_aim(side.graph, stage, number) for side in sides if (stage, number) in side.fired]
        shown = [_times(side, stage, number) for side in sides]
        rows.append([stage, str(number), " / ".join(dict.fromkeys(words)), *shown])
    return [["stage", "rule", "does", *names], *rows]


def _times(side: Side, stage: str, number: int) -> str:
    """How often a rule has decided; one that never has may never have been asked."""
    count = side.fired.get((stage, number))
    never = "never" if side.stood.get(stage) else "no session there"
    return "" if count is None else f"{count:,}" if count else never


def _aim(graph: StateGraph, stage: str, number: int) -> str:
    rule = graph.rules(stage)[number - 1]
    return "stay" if rule.move.value == "stay" else f"{rule.move.value} to {rule.target}"


def _mice(one: Comparison) -> Iterator[str]:
    if one.divergences:
        yield "\nmice by their first difference"
        yield from (f"  {clean(divergence(each))}" for each in one.divergences[:LISTED])
        yield from (f"  {line}" for line in unlisted(one, LISTED))


def unlisted(one: Comparison, listed: int) -> Iterator[str]:
    """How many mice are not among those that are listed."""
    more = len(one.divergences) - listed
    yield from (f"and {more:,} more (--format json names all)" for _ in range(more > 0))


def divergence(each: Divergence) -> str:
    """The first difference of a mouse in one line."""
    when = f"session {each.session}" + (f" ({each.date})" if each.date else "")
    what = f"at {each.old.stage}: {verdict(each.old)} before, {verdict(each.new)} now"
    if _begins_apart(each):
        what = f"begins at {each.old.stage} before, at {each.new.stage} now"
    ends = each.ends[0] if each.ends[0] == each.ends[1] else f"{each.ends[0]} before, {each.ends[1]} now"
    strict = "" if each.strict or _begins_apart(each) else "; the record has left the replay by then"
    follow = f"{counted(each.later, 'session')} {'follows' if each.later == 1 else 'follow'}"
    return f"{each.subject}, {when} {what}; {follow}, ends at {ends}{strict}"


def verdict(each: Verdict) -> str:
    """A decision with the rule that took it."""
    return f"{each.aim} (rule {each.rule})" if each.rule else f"{each.aim} (no rule)"


def base_name(made: BackTest) -> str:
    """What the variants are compared with."""
    return _name((made.comparison.old or made.comparison.new).graph)


def sweep(made: BackTest) -> Rows:
    """The variants as a table; the curriculum that they vary comes first."""
    one = made.comparison
    final = any(each.final for each in one.new.reached)
    head = ["constants", "mice decided otherwise", "sessions: strictly", "assuming", "rollbacks of a mouse"]
    head += ["sessions to the end: median", "95 %", "quartiles", "mice there"] if final else []
    rows = [["as written", *_outcome(one)]]
    rows += [[variant.title, *_outcome(found)] for variant, found in made.variants if found is not None]
    return [head, *rows]


def _outcome(one: Comparison) -> list[str]:
    differing = [f"{each.differing:,}" for each in (one.strict, one.assumed) if each is not None]
    last = next((each.arrival for each in one.new.reached if each.final), None)
    numbers = [f"{one.affected:,} of {one.mice:,}", *differing, f"{one.new.rollbacks_per_mouse:.2f}"]
    return [*numbers, *(arrival(last) if last is not None else [])]


def failed(made: BackTest) -> Iterator[str]:
    """Variants that cannot be used, and why."""
    for variant, found in made.variants:
        if found is None:
            why = "; ".join(dict.fromkeys(f"{error.code.id} {error.message}" for error in variant.errors))
            yield f"{variant.title} cannot be used: {why}"


def _name(graph: StateGraph) -> str:
    return f"{graph.curriculum.name} {graph.curriculum.version}"


def _counted(counts: Counted | None) -> dict[str, int] | None:
    return None if counts is None else asdict(counts)


def _side(side: Side) -> dict[str, Any]:
    return {
        "name": side.graph.curriculum.name,
        "version": side.graph.curriculum.version,
        "hash": side.graph.content_hash,
        "mice_that_ran_another_stage": side.departed,
        "reached": [
            {
                "stage": each.stage,
                "final": each.final,
                "mice": each.arrival.mice,
                "arrived": each.arrival.arrived,
                "quartiles": list(each.arrival.quartiles),
                "followed": each.arrival.followed,
                "median_interval": list(each.arrival.interval),
                "curve": [
                    {"sessions": at, "share": share, "low": low, "high": high}
                    for at, share, low, high in each.arrival.curve
                ],
            }
            for each in side.reached
        ],
        "rollbacks_per_mouse": side.rollbacks_per_mouse,
        "mice_by_rollbacks": {str(times): mice for times, mice in side.rollbacks.items()},
        "mice_by_last_stage": dict(side.ends),
        "sessions_by_stage": dict(side.stood),
        "rules": [{"stage": stage, "rule": number, "fired": count} for (stage, number), count in side.fired.items()],
        "never_fired": [{"stage": stage, "rule": number} for stage, number in side.never_fired],
    }
