"""The writer of YAML: what it writes is read back as it was, and looks like what a person would write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import inf, nan
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from colony import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autotrain_dsl import document, layout
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.source import Source

Place = tuple[str | int, ...]

NASTY = (
    "on", "OFF", "yes", "No", "y", "N", "true", "False", "null", "~", "", " ", "1_000", "2.10", "010", "0x1f", "1e3",
    "-5", "+1", ".5", "1:30", ".inf", "-.Inf", ".NaN", "2024-01-02", "2024-1-2 3:04", "<<", "=", "---", "...", "- a",
    "? a", ": a", ":0", "?0", "#a", "a #b", "a: b", "a:", "a,b", "[a]", "{a}", "a]", "}", "!a", "!!python/object:x",
    "&a", "*a", "%YAML 1.1", "@a", "`a`", "'a'", '"a"', "'", '"', "\\", "\\n", "a\nb", "a\n\nb", "\na", "a\n", " a\nb",
    "a\n b", "a \nb", "\t", "a\tb", " a", "a ", "a  b", "\x00", "\x07", "\x1b[31m", "\x7f", "\x85", "\xa0", "\xad",
    "\u2028", "\u2029", "\u202e", "\ufeff", "\U0001f42d", "é", "日本", "x" * 300, "word " * 60 + "end",
    "a-b " * 60 + "end", "k" * 1500, "# autotrain: ignore[ATD416] no",
)  # fmt: skip

texts = st.one_of(
    st.sampled_from(NASTY),
    st.text(max_size=30),
    st.text("ab 1:#-?,[]{}&*!|>'\"%@`\n\t\\._~=<(é\u202e\x00\x85\u2028", max_size=60),
)
keys = st.one_of(texts, st.sampled_from(["stages", "transitions", "when", "all", "parameters", "version", "derived"]))
scalars = st.one_of(
    texts, st.integers(-(10**17), 10**17), st.floats(-1e299, 1e299), st.booleans(), st.none()
)  # what a file may hold
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)
mappings = st.dictionaries(keys, values, max_size=5)


def read(text: str) -> tuple[Any, list[Diagnostic]]:
    found, diagnostics = document.parse(Source("written.yaml", text))
    return (None if found is None else found.data), diagnostics


def strict(data: object) -> str:
    """Text that differs as soon as a value or its type does."""
    return json.dumps(data, sort_keys=True)


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    yield place
    for step, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places(inner, (*place, step))


@settings(max_examples=600, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(mappings, st.data())
def test_what_is_written_is_read_back_as_it_was_whatever_it_is(data: dict[str, Any], more: st.DataObject) -> None:
    commented = more.draw(st.lists(st.sampled_from(list(places(data))), max_size=3))
    comments = {place: more.draw(st.lists(texts, max_size=2)) for place in commented}
    written = layout.text(data, more.draw(texts), comments)
    back, found = read(written)
    assert found == []
    assert strict(back) == strict(data)
    written.encode()


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_nasty_text_stays_text_in_every_position(text: str) -> None:
    data = {
        text: text,
        "flow": {"k": text, text: 1},
        "list": [text, text],
        "deep": [{text: [text], "a": {text: {"b": text}}}],
        "stages": {text: {"label": text, "transitions": [{"progress": text, "when": {"all": [text, {"not": text}]}}]}},
    }
    back, found = read(layout.text(data))
    assert found == []
    assert strict(back) == strict(data)


@pytest.mark.parametrize("number", [inf, -inf, nan, 1e300, 10**18], ids=str)
def test_a_number_that_no_file_may_hold_is_found_when_the_text_is_read(number: float) -> None:
    _, found = read(layout.text({"a": number}))
    assert [d.code.id for d in found] == ["ATD011"]


def test_half_a_character_which_no_file_may_hold_is_found_when_the_text_is_read() -> None:
    _, found = read(layout.text({"a": "\ud800"}))
    assert [d.code.id for d in found] == ["ATD004"]


FILES = sorted((ROOT / "curriculums").rglob("*.yaml")) + sorted((ROOT / "schemas" / "tasks").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_projects_own_files_say_the_same_in_the_canonical_layout(path: Path) -> None:
    data, _ = read(path.read_text(encoding="utf-8"))
    written = layout.text(data, "x.json")
    back, found = read(written)
    assert found == []
    assert strict(back) == strict(data)
    assert list(back.get("stages", {})) == list(data.get("stages", {}))
    assert layout.text(back, "x.json") == written
    assert all(len(line) <= layout.WIDTH for line in written.splitlines())


def test_comments_stand_before_their_entry_one_line_each_and_are_only_comments() -> None:
    data = {"name": "A", "stages": {"S": {"transitions": [{"progress": "S", "manual": True}], "final": True}}}
    comments = {
        (): ("about\nthe file",),
        ("name",): ("evil\nversion: 1", "", "\x1b[31m\u202ered\u2028x"),
        ("stages", "S", "transitions", 0): ("a rule",),
        ("stages", "S", "transitions", 0, "progress"): ("where to",),
        ("stages", "S", "transitions", 0, "manual"): ("why",),
    }
    assert layout.text(data, "a\nb: c", comments) == dedent("""\
        # yaml-language-server: $schema=a b: c
        #
        # about
        # the file
        # evil
        # version: 1
        #
        # �[31m�red
        # x
        name: A

        stages:
          S:
            transitions:
              # a rule
              # where to
              - progress: S
                # why
                manual: true
            final: true
        """)


def test_keys_stand_in_the_order_in_which_a_reader_wants_them() -> None:
    rule = {"because": "x", "otherwise": True, "progress": "B"}
    stage = {"final": False, "transitions": [rule], "parameters": {"z": 1, "a": 2}, "use": ["b"], "inherits": "A"}
    data = {
        "stages": {"B": {**stage, "description": "d", "label": "l"}, "A": {"own": 1, "label": "x"}},
        "own": 1,
        "adjustable": ["z"],
        "blocks": {"b": {"z": 1}},
        "derived": {"d": "x[-1] > 1"},
        "constants": {"c": 1.0},
        "initial": "A",
        "extends": "x.yaml",
        "task_schema": {"name": "t", "version": "2rwd"},
        "abstract": True,
        "description": "d",
        "version": "2rwd",
        "name": "Name",
        "dsl_version": 1,
    }
    assert layout.text(data) == dedent("""\
        dsl_version: 1
        name: Name
        version: "2rwd"
        description: d
        abstract: true
        task_schema: {name: t, version: "2rwd"}
        extends: x.yaml
        initial: A

        constants: {c: 1.0}

        derived:
          d: x[-1] > 1

        blocks:
          b: {z: 1}

        adjustable: [z]

        stages:
          B:
            label: l
            description: d
            inherits: A
            use: [b]
            parameters: {z: 1, a: 2}
            transitions:
              - progress: B
                otherwise: true
                because: x
            final: false

          A:
            label: x
            own: 1

        own: 1
        """)


def test_what_is_short_stands_on_one_line_and_what_is_long_in_a_block() -> None:
    exact = {"a": "x" * (layout.WIDTH - len("    parameters: {a: }"))}
    data = {
        "description": "one two six " * 12 + "end",
        "stages": {
            "A": {"parameters": {"DelayMin": 0.1, "DelayMax": 1}},
            "B": {"parameters": None},
            "C": {"parameters": exact, "label": "fits"},
            "D": {"parameters": {"a": exact["a"] + "x"}, "description": "first\n\n  # second: line\nend"},
            "E": {},
        },
    }
    assert layout.text(data) == dedent(f"""\
        description: >-
          {"one two six " * 9}one two
          six one two six one two six end

        stages:
          A: {{parameters: {{DelayMin: 0.1, DelayMax: 1}}}}
          B: {{parameters: null}}

          C:
            label: fits
            parameters: {{a: {exact["a"]}}}

          D:
            description: |-
              first

                # second: line
              end
            parameters:
              a: {exact["a"]}x

          E: {{}}
        """)


def test_conditions_stand_one_under_the_other_and_a_long_one_is_folded() -> None:
    long = " and ".join(f"finished_trials[-{number}] >= {number}00" for number in range(1, 6))
    when = {"all": ["a[-1] > 1", {"any": [long, {"not": "b"}]}, {"not": {"all": ["c"]}}]}
    data = {"stages": {"A": {"transitions": [{"progress": "A", "when": when}, {"stay": True, "when": long}]}}}
    assert layout.text(data) == dedent("""\
        stages:
          A:
            transitions:
              - progress: A
                when:
                  all:
                    - a[-1] > 1
                    - any:
                        - >-
                          finished_trials[-1] >= 100 and finished_trials[-2] >= 200 and finished_trials[-3] >= 300 and
                          finished_trials[-4] >= 400 and finished_trials[-5] >= 500
                        - not: b
                    - not:
                        all:
                          - c
              - stay: true
                when: >-
                  finished_trials[-1] >= 100 and finished_trials[-2] >= 200 and finished_trials[-3] >= 300 and
                  finished_trials[-4] >= 400 and finished_trials[-5] >= 500
        """)


def test_text_is_in_double_quotes_only_where_somebody_might_read_something_else() -> None:
    data = {
        "plain": "it's 100% plain (a, b; c)",
        "number": "2.10",
        "switch": "on",
        "hash": "a # b",
        "quote": 'say "a: b"',
        "tab": "a\tb",
        "mark": "a\u202eb",
        "flow": {"a": "x, y", "b": "x y", "c": 1e-05, "d": -0.0, "e": True, "f": None},
    }
    assert layout.text(data) == dedent("""\
        plain: it's 100% plain (a, b; c)
        number: "2.10"
        switch: "on"
        hash: "a # b"
        quote: "say \\"a: b\\""
        tab: "a\\tb"
        mark: "a\\u202Eb"
        flow: {a: "x, y", b: x y, c: 1e-05, d: -0.0, e: true, f: null}
        """)


def test_nothing_at_all_is_an_empty_mapping() -> None:
    assert layout.text({}) == "{}\n"
