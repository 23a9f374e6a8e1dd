"""Rules judged in a real browser are judged as the interpreter does, to the last bit; and the simulator shows it."""

from __future__ import annotations

import json
import math
import shutil
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import drawings
import pytest
from browser import Seen, Viewer, viewer
from hypothesis import given
from hypothesis import strategies as st
from language_kit import graph_of, node_of
from playwright.sync_api import Locator
from test_language_laws import ALL, STAYS, TOTALS, VALUES, anything, checked, condition, laws, pasts, program_value

from autotrain_dsl import catalog, graph, interpreter
from autotrain_dsl.expressions.evaluator import compile_node
from autotrain_dsl.expressions.nodes import Comparison, Node, walk
from autotrain_dsl.expressions.ranges import thresholds
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import FIRED, UNKNOWN, Decision, History, RuleTrace, Situation
from autotrain_dsl.model import Metric
from autotrain_dsl.pages import portable
from autotrain_dsl.render import diagram
from autotrain_dsl.report import traces as words

ASSETS = Path(portable.__file__).parent / "assets"
SCRIPTS = ("engine.js", "explain.js", "simulator.js")
POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:"
PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width">
<title>Simulator</title>
<style>.scroll {{ overflow-x: auto; }} p, li, td, th {{ overflow-wrap: anywhere; }}</style>
</head>
<body>
<section id="simulator"></section>
<script type="application/json" id="curriculum">{data}</script>
{scripts}
</body>
</html>
"""
FORAGING = ("Uncoupled Without Baiting", "2.3.1rwdDelay159")

# Every number as the bits of its double, so that nothing is lost or mistaken on the way.
EXACT = """
const view = new DataView(new ArrayBuffer(8));
const exact = value => JSON.stringify(value, (key, each) => {
  if (typeof each !== 'number') return each;
  view.setFloat64(0, each);
  return 'double ' + view.getBigUint64(0).toString(16).padStart(16, '0');
});
"""
VALUE = f"text => {{{EXACT} return exact(JSON.parse(text).map(each => autotrain.value(...each)));}}"
NUMBER = "text => JSON.parse(text).map(autotrain.number)"
JUDGE = f"""text => {{{EXACT}
  const {{curriculums, cases}} = JSON.parse(text);
  return exact(cases.map(([place, situation, history]) => ({{
    step: autotrain.step(curriculums[place], situation, history),
    traces: autotrain.traces(curriculums[place], situation, history),
  }})));
}}"""
FORM = """
const form = {
  table: () => [...document.querySelectorAll('#simulator tbody tr')].map(row => [...row.querySelectorAll('input')]),
  button: start => [...document.querySelectorAll('#simulator button')].find(each => each.textContent.startsWith(start)),
  fill({stage, total, stay, values}) {
    const wanted = values[0].length;
    while (form.table()[0].length < wanted) form.button('Add').click();
    while (form.table()[0].length > wanted) form.button('Remove').click();
    document.getElementById('simulator-stage').value = stage;
    document.getElementById('simulator-session').value = total;
    const last = document.getElementById('simulator-stay');
    last.value = stay;
    values.forEach((row, place) => row.forEach((value, column) => { form.table()[place][column].value = value; }));
    last.dispatchEvent(new Event('input', {bubbles: true}));
  },
  shown() {
    const outcome = document.querySelector('#simulator .outcome');
    return {
      rules: form.rules(outcome),
      decision: outcome.querySelector('strong').textContent,
      next: outcome.querySelector('code').textContent,
      reason: outcome.querySelectorAll('p')[1].textContent,
    };
  },
  rules: container => [...container.querySelectorAll('ol > li')].map(rule => ({
    number: rule.value,
    kind: rule.className,
    texts: [...rule.querySelectorAll('p, li')].map(each => each.textContent),
    marks: [...rule.querySelectorAll('ul > li')].map(each => each.className),
  })),
};
"""
SIMULATE = f"text => {{{FORM} return JSON.parse(text).map(each => (form.fill(each), form.shown()));}}"
EXPLAIN = f"""text => {{{FORM}
  return JSON.parse(text).map(([curriculum, situation, history]) => {{
    const container = document.createElement('div');
    const decision = autotrain.step(curriculum, situation, history);
    autotrain.explain(container, curriculum, situation.stage, decision);
    return form.rules(container);
  }});
}}"""
SHOWN = f"() => {{{FORM} return form.shown();}}"
WALK = f"""text => {{{FORM}
  form.fill(JSON.parse(text));
  form.button('Run').click();
  return [...document.querySelectorAll('section > div > ol > li')].filter(each => !each.closest('.outcome'))
    .map(each => each.textContent);
}}"""
SET = """([id, value]) => {
  const input = document.getElementById(id);
  input.value = value;
  input.dispatchEvent(new Event('input', {bubbles: true}));
  const fault = document.getElementById(id + '-fault');
  return {
    fault: fault.hidden ? '' : fault.textContent,
    kind: fault.className,
    invalid: input.getAttribute('aria-invalid'),
    described: input.getAttribute('aria-describedby').split(' ').includes(fault.id),
    decided: document.querySelector('.outcome strong') !== null,
  };
}"""
UNNAMED = """[...document.querySelectorAll('input, select, button')].filter(control => {
  const label = (control.getAttribute('aria-labelledby') || '').split(' ').filter(id => id);
  const texts = [...control.labels, ...label.map(id => document.getElementById(id))].map(each => each.textContent);
  return !(control.textContent && control.localName === 'button') && !(texts.length && texts.every(text => text));
}).map(control => control.id)"""
FOREIGN = "[...document.querySelectorAll('img, iframe, a, b, i, em, svg, table table, object, embed')]"
HANDLERS = (
    "[...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => /^on|href|style/i.test(a.name)))"
)
TEXTS = "[...document.querySelectorAll('#simulator option, #simulator p, #simulator th')].map(e => e.textContent)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Viewer]:
    with viewer() as running:
        yield running


@pytest.fixture(scope="module")
def graphs() -> list[StateGraph]:
    built = catalog.build([drawings.ROOT / "curriculums"])
    return [each.graph for each in built.compilations if each.graph is not None]


@pytest.fixture(scope="module")
def foraging(graphs: list[StateGraph]) -> StateGraph:
    [found] = [each for each in graphs if (each.curriculum.name, each.curriculum.version) == FORAGING]
    return found


def written(folder: Path, shown: StateGraph) -> Path:
    """A page with a simulator, as somebody opens it from disk."""
    for script in SCRIPTS:
        shutil.copy(ASSETS / script, folder / script)
    file = folder / "page.html"
    scripts = "\n".join(f'<script src="{script}"></script>' for script in SCRIPTS)
    data = portable.embedded(portable.curriculum(shown))
    file.write_text(PAGE.format(policy=POLICY, data=data, scripts=scripts), encoding="utf-8")
    return file


@contextmanager
def opened(browser: Viewer, folder: Path, shown: StateGraph) -> Iterator[Seen]:
    """The page in the browser; in the end it has loaded its scripts and has done nothing else."""
    file = written(folder, shown)
    with browser.open(file) as seen:
        yield seen
        assert is_harmless(seen, file)


def is_harmless(seen: Seen, file: Path) -> bool:
    own = [file.as_uri(), *((file.parent / script).as_uri() for script in SCRIPTS)]
    return not (seen.dialogs or seen.complaints) and seen.requests == own


@pytest.fixture(scope="module")
def page(browser: Viewer, foraging: StateGraph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    with opened(browser, tmp_path_factory.mktemp("page"), foraging) as seen:
        yield seen


# What Python says, in the form in which the browser says it


def exact(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: exact(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [exact(each) for each in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"double {struct.pack('>d', value).hex()}"
    return value


def told(rule: RuleTrace) -> dict[str, Any]:
    names = ("text", "left", "operator", "right", "verdict", "margin")
    return {
        "number": rule.number,
        "verdict": rule.verdict,
        "comparisons": [{name: getattr(each, name) for name in names} for each in rule.comparisons],
        "missing": [{"metric": each.metric, "session": each.session} for each in rule.missing],
    }


def decided(decision: Decision) -> dict[str, Any]:
    return {
        "decision": decision.decision,
        "next_stage": decision.next_stage,
        "fired": decision.fired,
        "trace": [told(rule) for rule in decision.trace],
        "reason": decision.reason,
    }


def passed(situation: Situation) -> dict[str, Any]:
    names = ("stage", "session_total", "session_at_current_stage", "stay")
    given = {name: getattr(situation, name) for name in names}
    return {name: value for name, value in given.items() if value is not None}


def past_of(history: History) -> dict[str, Any]:
    return {"sessions": list(history.sessions), "metrics": {name: list(each) for name, each in history.metrics.items()}}


@dataclass(frozen=True, slots=True)
class Case:
    """A session to be judged by one of some curriculums."""

    place: int
    situation: Situation
    history: History


def compare(page: Seen, graphs: Sequence[StateGraph], cases: Sequence[Case]) -> list[Decision]:
    """What the interpreter decides, which is what the browser decides."""
    given = {
        "curriculums": [portable.curriculum(each) for each in graphs],
        "cases": [[case.place, passed(case.situation), past_of(case.history)] for case in cases],
    }
    found = json.loads(page.page.evaluate(JUDGE, json.dumps(given)))
    assert len(found) == len(cases)
    decisions = []
    for case, one in zip(cases, found, strict=True):
        judged = graphs[case.place]
        decision = interpreter.step(judged, case.situation, case.history)
        assert one["step"] == exact(decided(decision)), (case, decision.reason)
        every = [told(rule) for rule in interpreter.traces(judged, case.situation, case.history)]
        assert one["traces"] == exact(every), case
        decisions.append(decision)
    return decisions


# Expressions


def collected(count: int, *strategies: st.SearchStrategy[Any]) -> list[tuple[Any, ...]]:
    """So many examples, the same ones in every run, to be sent to the browser at once."""
    found: list[tuple[Any, ...]] = []

    @laws(count)
    @given(st.tuples(*strategies))
    def take(case: tuple[Any, ...]) -> None:
        found.append(case)

    take()
    return found


def values(page: Seen, cases: Iterable[tuple[Node, Mapping[str, Any], Mapping[str, Any]]]) -> Any:
    given = [[portable.expression(node), situation, history] for node, situation, history in cases]
    return json.loads(page.page.evaluate(VALUE, json.dumps(given)))


def test_an_expression_has_the_value_that_the_evaluator_gives(page: Seen) -> None:
    cases = collected(300, anything(ALL).map(checked), pasts(VALUES), TOTALS, STAYS)
    given, wanted = [], []
    for node, past, total, stay in cases:
        situation = Situation("A", total, stay)
        given.append((node, passed(situation), past_of(History.of(past))))
        wanted.append(exact(program_value(node, past, total, stay)))
    assert values(page, given) == wanted
    assert len(wanted) == 300
    assert sum(each is None for each in wanted) < 200


STAGES = """
stages:
  A:
    transitions:
      - {progress: B, manual: true}
      - {progress: B, when: "x[-1] > 0"}
      - {stay: true, when: "x[-1] > 1"}
  B:
    transitions:
      - {rollback: A, when: "x[-1] > 0", because: no good}
      - {stay: true, otherwise: true}
"""


def ruled(base: StateGraph, conditions: Sequence[Node]) -> StateGraph:
    """The curriculum above with other conditions."""
    left = iter(conditions)
    stages = {
        name: replace(
            stage,
            transitions=tuple(
                rule if rule.program is None else replace(rule, program=compile_node(next(left)))
                for rule in stage.transitions
            ),
        )
        for name, stage in base.curriculum.stages.items()
    }
    return graph.build(replace(base.curriculum, stages=stages), base.task)


def test_random_rules_decide_what_the_interpreter_decides(page: Seen, tmp_path: Path) -> None:
    base = graph_of(STAGES, tmp_path)
    one = st.one_of(condition(ALL, 2), condition(ALL, 3)).map(checked)
    count = st.integers(1, 6)
    drawn = collected(150, st.tuples(one, one, one), pasts(VALUES), TOTALS, count, st.none() | STAYS)
    graphs, cases = [], []
    for conditions, past, total, at_stage, stay in drawn:
        graphs.append(ruled(base, conditions))
        length = len(past["x"])
        history = History.of(past, range(total, total + 2 * length, 2))
        cases += [Case(len(graphs) - 1, Situation(stage, total, at_stage, stay), history) for stage in "AB"]
    decisions = compare(page, graphs, cases)
    assert {decision.decision for decision in decisions} == {"STAY", "PROGRESS", "ROLLBACK"}
    tried = [rule for decision in decisions for rule in decision.trace]
    assert {rule.verdict for rule in tried} == {FIRED, "did not fire", UNKNOWN}
    assert sum(rule.verdict == UNKNOWN for rule in tried) > 50
    assert sum(len(rule.missing) for rule in tried) > 50


ODD = (
    "x[-1] / (y[-1] - y[-1]) > 1",
    "all(present(x > 1)) and x[-1] < 3",
    "present(x > 1)[-1]",
    "not any(x[-2:] > 1) or x[-9] > 1",
    "(x[-1] > 1) == (y[-1] > 1)",
    "all(at_stage(x) > 0) or any(y[-2:] > x[-2:])",
    "all(x > y) == true",
    "'a' == 'a' and 'a' != 'b' and x[-1] > 0",
    "true and not false",
    "count(x > 1) == 2 and count(at_stage(x)) >= count(present(y))",
    "min(x) == max(y) or x[-1] * 1e300 * 1e300 > 1",
    "-0 == x[-1] and -x[-1] <= 0",
    "not (x[-1] > 1 and (y[-1] > 1 or not z[-1] > 1))",
    "x[0] < x[-1] < x[-2]",
    "session_total >= 3",
)


def test_odd_rules_decide_what_the_interpreter_decides(page: Seen, tmp_path: Path) -> None:
    base, random = graph_of(STAGES, tmp_path), Random(6)
    cases = []
    for place, _ in enumerate(ODD):
        for length in (0, 1, 2, 3, 5, 12):
            for gaps in (0, 0.2, 0.5):
                row = (0.0, -0.0, 1.0, 2.0, 3.0)
                many = {
                    name: [None if random.random() < gaps else random.choice(row) for _ in range(length)]
                    for name in "xyz"
                }
                situation = Situation(random.choice("AB"), length + 1, random.randint(1, 4))
                cases.append(Case(place, situation, History.of(many)))
    nodes = [node_of(text) for text in ODD]
    graphs = [ruled(base, [node, nodes[place - 1], node]) for place, node in enumerate(nodes)]
    decisions = compare(page, graphs, cases)
    assert any("a result that is no number" in decision.reason for decision in decisions)
    assert any("an earlier" in decision.reason for decision in decisions)
    assert any("all: " in decision.reason for decision in decisions)
    given = [[portable.curriculum(graphs[case.place]), passed(case.situation), past_of(case.history)] for case in cases]
    rules = page.page.evaluate(EXPLAIN, json.dumps(given))
    assert rules == [[explained(rule, decision) for rule in decision.trace] for decision in decisions]
    texts = {text for each in rules for rule in each for text in rule["texts"]}
    for part in (
        "[... ",
        " of 12",
        ": unknown",
        ": true",
        ": false",
        "short by ",
        "needs exactly True",
        "[]",
    ):
        assert any(part in text for text in texts), part


# Curriculums


def limits(judged: StateGraph) -> dict[str, list[float]]:
    """The numbers that each name is compared with somewhere."""
    found: dict[str, list[float]] = {name: [] for name in (*judged.task.metrics, "session_total")}
    for stage in judged.stages:
        for rule in judged.rules(stage.name):
            for part in walk(rule.program.node) if rule.program is not None else ():
                if isinstance(part, Comparison):
                    for name, limit in thresholds(part):
                        found.setdefault(name, []).append(limit)
    return found


def beside(random: Random, limit: float) -> float:
    """A number at a threshold, one step of a double beside it, or somewhere around."""
    near = (limit, limit, math.nextafter(limit, -math.inf), math.nextafter(limit, math.inf))
    return random.choice((*near, limit * random.uniform(0.5, 1.5)))


def some_case(random: Random, judged: StateGraph, place: int) -> Case:
    known, length = limits(judged), random.randint(1, 8)
    total = max(length, int(beside(random, random.choice(known["session_total"] or [5.0]))))
    metrics: dict[str, list[float | None]] = {}
    for name, metric in judged.task.metrics.items():
        steady = beside(random, random.choice(known[name] or [1.0]))
        row = [steady if random.random() < 0.6 else beside(random, steady) for _ in range(length)]
        metrics[name] = [None if random.random() < 0.06 else max(each, metric.minimum) for each in row]
    at_stage = random.randint(1, max(total, 6))
    stay = random.choice((None, None, random.randint(0, at_stage), at_stage + 2))
    stage = random.choice([stage.name for stage in judged.stages])
    numbers = sorted(random.sample(range(1, total + 1), length))
    return Case(place, Situation(stage, total, at_stage, stay), History.of(metrics, numbers))


def test_every_curriculum_decides_what_the_interpreter_decides(page: Seen, graphs: list[StateGraph]) -> None:
    random = Random(1)
    assert len(graphs) == 23
    cases = [some_case(random, judged, place) for place, judged in enumerate(graphs) for _ in range(60)]
    decisions = compare(page, graphs, cases)
    assert {decision.decision for decision in decisions} == {"STAY", "PROGRESS", "ROLLBACK"}
    assert sum(decision.reason == interpreter.FINAL_STAGE for decision in decisions) > 20
    compared = [each for decision in decisions for rule in decision.trace for each in rule.comparisons]
    assert sum(each.margin == 0 for each in compared) > 100
    assert sum(each.margin is not None and 0 < abs(each.margin) < 1e-12 for each in compared) > 100
    assert sum(bool(decision.missing) for decision in decisions) > 100


def test_the_data_of_a_curriculum_are_plain_and_small(graphs: list[StateGraph]) -> None:
    for judged in graphs:
        data = portable.curriculum(judged)
        text = portable.embedded(data)
        assert json.loads(text) == data
        assert not set("<>&") & set(text)
        assert len(text) < 20_000
        for stage in data["stages"]:
            rules = judged.rules(stage["name"])
            assert [rule["sentence"] for rule in stage["rules"]] == [diagram.sentence(rule) for rule in rules]
            for rule, known in zip(stage["rules"], rules, strict=True):
                assert rule["comparisons"] == list(known.program.texts if known.program is not None else ())


# Numbers


def random_doubles(random: Random, count: int) -> list[float]:
    drawn = [struct.unpack(">d", random.randbytes(8))[0] for _ in range(count)]
    return [each for each in drawn if math.isfinite(each)]


HARD = (0.0, 0.5, 1.5, 2.5, 2.675, 1.005, 0.125, 0.375, 1e22, 1e23, 5e-324, 1e-323, 2.0**52 + 0.5, 4503599627370497.5)
BEYOND = (
    1.7976931348623157e308,
    2.2250738585072014e-308,
    0.1,
    0.3,
    0.285,
    5e-16,
    4.5e-15,
    9.5,
    99.5,
    0.05,
    9007199254740993.0,
)


def test_round_goes_to_the_even_neighbour_of_the_exact_value(page: Seen) -> None:
    random = Random(2)
    numbers = [*HARD, *BEYOND, *random_doubles(random, 200)]
    numbers += [random.randrange(10**6) / 2**n for n in range(1, 12) for _ in range(8)]  # many are just between two
    numbers += [round(random.uniform(0, 100), 3) + 5e-4 for _ in range(100)]
    pairs = [(sign * each, digits) for each in numbers for sign in (1, -1) for digits in (0, 1, 2, 3, 6, 15)]
    situation, history = passed(Situation("A", 1, 1)), past_of(History.of({"x": (1.0,)}))
    shape = portable.expression(node_of("round(x[-1], 2)"))
    assert shape == ["round", ["item", ["metric", "x"], -1], 2]
    given = [[["round", ["value", value], digits], situation, history] for value, digits in pairs]
    found = json.loads(page.page.evaluate(VALUE, json.dumps(given)))
    assert found == [exact(round(value, digits)) for value, digits in pairs]


ROWS = (
    (),
    (-0.0, -0.0),
    (0.0, -0.0),
    (-0.0, 0.0, -0.0),
    (1e308, 1e308),
    (1e308, 1e308, -1e308),
    (5e-324, 5e-324),
    (5e-324, 1e-323, 1.5e-323, 5e-324),
    (0.1,) * 10,
    (1e16, 1.0, -1e16, 1.0),
    (3.0, 1.0, 2.0, 10.0),
    (1e200, -1e200),
    (0.1, None),
)


def test_what_is_made_of_several_numbers_is_the_same_to_the_last_bit(page: Seen) -> None:
    situation = Situation("A", 1, 2)
    cases = [
        (node_of(f"{name}({cut})"), {"x": row})
        for name in ("sum", "mean", "median", "min", "max", "std", "count")
        for cut in ("x", "-x", "at_stage(x)", "x[:2]", "x[-3:-1]", "present(x / 3)", "round(x, 1)", "abs(x * x)")
        for row in ROWS
    ]
    found = values(page, [(node, passed(situation), past_of(History.of(past))) for node, past in cases])
    assert found == [exact(program_value(node, past, 1, 2)) for node, past in cases]


def test_numbers_are_written_as_python_writes_them(page: Seen) -> None:
    random = Random(3)
    numbers = [*HARD, *BEYOND, *random_doubles(random, 500), 1e-4, 1e-5, 123456.0, 1234567.0, 999999.5, 999999.4999999]
    numbers += [random.randrange(10**5, 10**6) + 0.5 for _ in range(100)]  # just between two of six digits
    numbers += [10.0**n for n in range(-30, 31)]
    numbers += [random.uniform(0, 1000) for _ in range(200)]
    both = [sign * each for each in numbers for sign in (1, -1)]
    assert page.page.evaluate(NUMBER, json.dumps(both)) == [f"{each:.6g}" for each in both]
    infinite = page.page.evaluate("[Infinity, -Infinity, NaN].map(autotrain.number)")
    assert infinite == ["inf", "-inf", "nan"]


# The simulator


def some_value(random: Random, metric: Metric, known: list[float]) -> float:
    value = min(max(beside(random, random.choice(known or [1.0])), metric.minimum), metric.maximum)
    return float(round(value)) if metric.integer else value


def some_form(random: Random, judged: StateGraph) -> dict[str, Any]:
    """What somebody may type, all of it allowed."""
    known, length = limits(judged), random.choice((5, 5, 5, 2, 7))
    total = max(length, int(beside(random, random.choice(known["session_total"]))))
    return {
        "stage": random.choice([stage.name for stage in judged.stages]),
        "total": total,
        "stay": random.randint(1, min(total, 9)),
        "values": [
            [None if random.random() < 0.05 else some_value(random, metric, known[name]) for _ in range(length)]
            for name, metric in judged.task.metrics.items()
        ],
    }


def typed(form: Mapping[str, Any]) -> dict[str, Any]:
    def text(value: float | None) -> str:
        return "" if value is None else repr(int(value)) if value.is_integer() else repr(value)

    return {**form, "values": [[text(value) for value in row] for row in form["values"]]}


def past_in(form: Mapping[str, Any], judged: StateGraph) -> History:
    length, total = len(form["values"][0]), form["total"]
    return History.of(dict(zip(judged.task.metrics, form["values"], strict=True)), range(total - length + 1, total + 1))


def expected(judged: StateGraph, form: Mapping[str, Any]) -> dict[str, Any]:
    situation, history = Situation(form["stage"], form["total"], form["stay"]), past_in(form, judged)
    decision = interpreter.step(judged, situation, history)
    final = judged.stage(form["stage"]).final
    rules = [] if final else list(interpreter.traces(judged, situation, history))
    return {
        "decision": decision.decision,
        "next": decision.next_stage,
        "reason": decision.reason,
        "rules": [explained(rule, decision) for rule in rules],
    }


def explained(rule: RuleTrace, decision: Decision) -> dict[str, Any]:
    late = decision.fired is not None and rule.number > decision.fired
    texts = [f"{diagram.sentence(rule.rule)}: {rule.verdict}{' (an earlier rule decided)' if late else ''}"]
    texts += [f"because {rule.rule.because}"] if rule.rule.because else []
    texts += [words.comparison(each)[2:] for each in rule.comparisons]
    texts += [f"missing: {each}" for each in rule.missing]
    kind = {FIRED: "fired", UNKNOWN: "unknown"}.get(rule.verdict, "unfired")
    marks = [*(mark(each.verdict) for each in rule.comparisons), *("missing" for _ in rule.missing)]
    return {"number": rule.number, "kind": kind, "texts": texts, "marks": marks}


def mark(verdict: Any) -> str:
    """What a comparison came to; nothing where some sessions say this and some say that."""
    several = set(verdict) if isinstance(verdict, tuple) else {verdict}
    if None in several:
        return "missing"
    return str(several.pop()).lower() if len(several) == 1 else ""


def test_the_form_shows_what_the_interpreter_decides(page: Seen, foraging: StateGraph) -> None:
    random = Random(4)
    forms = [some_form(random, foraging) for _ in range(100)]  # 500 on a whole page: test_pages_browser.py
    found = page.page.evaluate(SIMULATE, json.dumps([typed(form) for form in forms]))
    wanted = [expected(foraging, form) for form in forms]
    for one, other, form in zip(found, wanted, forms, strict=True):
        assert one == other, form
    assert {each["decision"] for each in wanted} == {"STAY", "PROGRESS", "ROLLBACK"}
    texts = " ".join(text for each in wanted for rule in each["rules"] for text in rule["texts"])
    assert all(
        part in texts for part in ("short by", "passed by", "just passed", "just missed", ": unknown", "missing")
    )


def test_the_sessions_of_a_new_mouse_are_walked_through(page: Seen, foraging: StateGraph) -> None:
    random = Random(5)
    for _ in range(20):
        form = some_form(random, foraging)
        stage, stay, wanted = foraging.initial, 1, []
        for number in range(1, len(form["values"][0]) + 1):
            rows = zip(foraging.task.metrics, form["values"], strict=True)
            history = History.of({name: row[:number] for name, row in rows})
            decision = interpreter.step(foraging, Situation(stage, number, stay), history)
            label, following = foraging.stage(stage).label, decision.next_stage
            where = f"{label} ({stage})" if label != stage else stage
            leads = foraging.stage(following).label
            leads = f"{leads}, {following}" if leads != following else following
            wanted.append(f"Session {number} at {where}: {decision.decision}; next stage: {leads}; {decision.reason}")
            stay = stay + 1 if following == stage else 1
            stage = following
        assert page.page.evaluate(WALK, json.dumps(typed(form))) == wanted


def test_a_simulator_starts_with_a_decision_and_can_be_used_by_everybody(
    browser: Viewer, tmp_path: Path, graphs: list[StateGraph]
) -> None:
    for place, judged in enumerate(graphs[::8]):
        folder = tmp_path / str(place)
        folder.mkdir()
        with opened(browser, folder, judged) as seen:
            start = seen.page.evaluate(SHOWN)
            assert start["decision"] in ("STAY", "PROGRESS", "ROLLBACK")
            assert start["rules"]
            assert all(rule["kind"] != "unknown" for rule in start["rules"])
            assert seen.all(UNNAMED) == []
            assert seen.page.locator(".outcome[aria-live=polite]").count() == 1
            seen.page.set_viewport_size({"width": 360, "height": 640})
            for _ in range(8):
                seen.page.get_by_role("button", name="Add a session").press("Enter")
            wide = "[document.documentElement.scrollWidth, document.querySelector('.scroll').scrollWidth]"
            whole, table = seen.all(wide)
            assert whole <= 360 < table


def test_sessions_come_and_go_at_the_end(browser: Viewer, tmp_path: Path, foraging: StateGraph) -> None:
    heads = "[...document.querySelectorAll('thead th')].map(each => each.textContent)"
    with opened(browser, tmp_path, foraging) as seen:

        def value_of(session: int) -> Locator:
            return seen.page.get_by_role("textbox", name=f"Foraging efficiency [ratio] Session {session}")

        total, stay = seen.page.get_by_label("Number of the newest session"), seen.page.get_by_label("Sessions at this")
        assert seen.all(heads) == ["Metric", *(f"Session {number}" for number in range(1, 6))]
        total.fill("12")
        stay.fill("3")
        value_of(12).fill("0.5")
        seen.page.get_by_role("button", name="Add a session").click()
        assert seen.all(heads)[1:] == [f"Session {number}" for number in range(8, 14)]
        assert (total.input_value(), stay.input_value()) == ("13", "4")
        assert value_of(13).input_value() == "0.5"
        for _ in range(5):
            seen.page.get_by_role("button", name="Remove the newest session").click()
        assert seen.all(heads) == ["Metric", "Session 8"]
        assert (total.input_value(), stay.input_value()) == ("8", "1")
        assert seen.page.get_by_role("button", name="Remove the newest session").is_disabled()


WHOLE, NO_NUMBER = "Only whole numbers occur here.", "This is not a number: write it like 12 or 0.75."


@pytest.mark.parametrize(
    ("field", "text", "fault"),
    [
        ("session", "", "Write a number."),
        ("session", "twelve", NO_NUMBER),
        ("session", "12.5", WHOLE),
        ("session", "4", "This is less than 5, which cannot be."),
        ("session", "10001", "This is more than 10000, which cannot be."),
        ("stay", "0", "This is less than 1, which cannot be."),
        ("stay", "6", "This is more than 5, which cannot be."),
        ("stay", "  ", "Write a number."),
        ("value-0-0", "-1", "This is less than 0, which cannot be."),
        ("value-0-4", "200.5", WHOLE),
        ("value-0-4", "NaN", NO_NUMBER),
        ("value-0-4", "0x10", NO_NUMBER),
        ("value-0-4", "1e999", "This number is too large."),
        ("value-1-2", "2.1", "This is more than 2, which cannot be."),
        ("value-1-2", "-0.1", "This is less than 0, which cannot be."),
        ("value-1-2", "0,7", NO_NUMBER),
        ("value-1-2", "Infinity", NO_NUMBER),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(
    form: Seen, foraging: StateGraph, field: str, text: str, fault: str
) -> None:
    given = f"simulator-{field}"
    before = form.page.input_value(f"#{given}")
    wrong = form.page.evaluate(SET, [given, text])
    assert wrong == {"fault": fault, "kind": "fault", "invalid": "true", "described": True, "decided": False}
    assert form.page.locator(".outcome").inner_text() == "No decision: one field needs another value."
    assert form.page.get_by_role("button", name="Run these sessions").is_disabled()
    right = form.page.evaluate(SET, [given, before])
    assert right == {"fault": "", "kind": "fault", "invalid": None, "described": True, "decided": True}


@pytest.fixture(scope="module")
def form(browser: Viewer, foraging: StateGraph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """A page that every test leaves as it was: five sessions, the fifth of them the newest."""
    with opened(browser, tmp_path_factory.mktemp("form"), foraging) as seen:
        yield seen


# Hostile texts


def hostile(text: str) -> StateGraph:
    """A curriculum that says this wherever it says anything, of its metrics too."""
    known = drawings.hostile(text)
    metrics = {name: replace(metric, title=text, unit=text) for name, metric in known.task.metrics.items()}
    return graph.build(known.curriculum, replace(known.task, metrics=metrics))


@pytest.fixture(scope="module")
def visitor(browser: Viewer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """A page that goes from file to file."""
    blank = tmp_path_factory.mktemp("blank") / "blank.html"
    blank.write_text("<!DOCTYPE html>", encoding="utf-8")
    with browser.open(blank) as seen:
        yield seen


@pytest.mark.parametrize("text", drawings.HOSTILE, ids=range(len(drawings.HOSTILE)))
def test_hostile_text_stays_text(visitor: Seen, tmp_path: Path, text: str) -> None:
    shown, said = hostile(text), diagram.clean(text)
    file = written(tmp_path, shown)
    visitor.requests.clear()
    visitor.page.goto(file.as_uri())
    assert is_harmless(visitor, file)
    assert visitor.all(FOREIGN) == []
    assert visitor.all(HANDLERS) == []
    assert visitor.page.locator("script").count() == 1 + len(SCRIPTS)
    texts = visitor.all(TEXTS)
    assert {f"{said} ({stage.name})" for stage in shown.stages} <= set(texts)
    assert f"because {said}" in texts
    assert f"{said} [{said}]" in texts
