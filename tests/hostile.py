"""Files that are as bad as the bounds of the language allow: large, deep, wide, or wrong all over."""

from __future__ import annotations

from collections.abc import Callable, Mapping

HEAD = 'dsl_version: 1\nname: X\nversion: "1"\ntask_schema: {name: dummy_task, version: "0.1"}\n'
PARAMETERS = "parameters: {task: Dummy task, dummy_para_bool: false, dummy_para_float: 0.1}"
LIMIT = 256 * 1024


def _many_rules(condition: str, size: int) -> str:
    text = HEAD + "stages:\n"
    for stage in range(100):
        text += f"  S{stage}:\n    {PARAMETERS}\n    transitions:\n"
        for number in range(50):
            if len(text) < size:
                text += f"      - progress: S{(stage + 1) % 100}\n        when: {condition.format(n=number)}\n"
    return text


def _derived_bomb() -> str:
    rules = _many_rules("d9 > {n}", 90_000).removeprefix(HEAD)
    names = "".join(f"  d{i}: d{i - 1} + d{i - 1}\n" for i in range(1, 199))
    return f"{HEAD}derived:\n  d0: dummy_metric_int[-1] + 1\n{names}{rules}"


def _derived(lines: list[str]) -> str:
    names = "".join(f"  {line}\n" for line in lines)
    return f"{HEAD}derived:\n{names}stages:\n  A: {{{PARAMETERS}, final: true}}\n"


def _cut_bomb(cut: str) -> str:
    doubling = [f"c{i}: c{i - 1} + c{i - 1}" for i in range(1, 10)]
    users = [f"u{i}: " + " + ".join([cut] * 38) for i in range(180)]
    return _derived(["c0: dummy_metric_float + dummy_metric_float", *doubling, *users])


def _circle() -> str:
    every = " + ".join(f"d{i}" for i in range(150))
    return _derived([f"d{i}: {every}" for i in range(150)])


def _long_words() -> str:
    words = [f"{i:b}".replace("0", "a").replace("1", "b").rjust(60, "a") for i in range(199)]
    constants = "".join(f"  a{word}: 1\n" for word in words)
    rules = _many_rules("{n}", 40_000).removeprefix(HEAD).splitlines()
    unknown = [
        line.split("when: ")[0] + f"when: b{words[i % 199]} > 1" if "when" in line else line
        for i, line in enumerate(rules)
    ]
    return f"{HEAD}constants:\n{constants}" + "\n".join(unknown) + "\n"


def _blocks() -> str:
    blocks = "".join(f"  b{b}: {{" + ", ".join(f"p{i}: 1" for i in range(150)) + "}\n" for b in range(20))
    use = ", ".join(f"b{i % 20}" for i in range(50))
    stages = "".join(f"  S{i}: {{use: [{use}]}}\n" for i in range(100))
    return f"{HEAD}blocks:\n{blocks}stages:\n{stages}"


def _stage_with(key: str, count: int) -> str:
    return f"{HEAD}stages:\n  A:\n    {PARAMETERS}\n" + "".join(f"    {key}{i}: 1\n" for i in range(count))


FILES: Mapping[str, Callable[[], str]] = {
    "unknown_stages_and_metrics": lambda: _many_rules("nothing_{n}[-1] > {n}", 110_000).replace(
        "progress: S", "progress: N"
    ),
    "short_rules": lambda: _many_rules("dummy_metric_int[-1] > {n}", 110_000),
    "long_rules": lambda: _many_rules(" and ".join(["dummy_metric_int[-1] > {n}"] * 8), LIMIT - 16_000),
    "deep_rules": lambda: _many_rules("(" * 190 + "1" + ")" * 190 + " > 2", LIMIT - 16_000),
    "derived_bomb": _derived_bomb,
    "cuts_of_computed": lambda: _cut_bomb("c9[-1]"),
    "stays_of_computed": lambda: _cut_bomb("mean(at_stage(c9))"),
    "present_of_computed": lambda: _cut_bomb("mean(present(c9))"),
    "circle_of_names": _circle,
    "long_names_to_spell": _long_words,
    "blocks_used_again": _blocks,
    "codes_to_spell": lambda: HEAD + "# autotrain: ignore[" + "ATD9,ATD8," * 2_500 + "] x\nstages: {}\n",
    "unknown_keys": lambda: _stage_with("zz", 4_800),
    "unknown_top_keys": lambda: HEAD + "".join(f"zz{i}: 1\n" for i in range(4_800)),
    "constants": lambda: HEAD + "constants:\n" + "".join(f"  c{i}: {i}\n" for i in range(4_800)),
    "empty_values": lambda: HEAD + "".join(f"n{i}:\n" for i in range(4_800)),
    "one_key_again": lambda: "".join(f"a: {i}\n" for i in range(4_900)),
    "long_list": lambda: HEAD + "x: [" + "1, " * 9_800 + "]\n",
    "ambiguous_numbers": lambda: HEAD + "x: [" + "010, " * 9_800 + "]\n",
    "ignore_comments": lambda: HEAD + "# autotrain: ignore[ATD416] x\n" * 8_000 + "stages: {}\n",
    "long_words_to_spell": lambda: (
        HEAD + "adjustable: [" + ", ".join("x" * 400 + str(i) for i in range(490)) + "]\nstages: {}\n"
    ),
    "wide_comment": lambda: HEAD + "#" + "x" * (LIMIT - 200) + "\n",
    "blank_lines": lambda: HEAD + "\n" * (LIMIT - 200),
    "nested_lists": lambda: HEAD + "x: " + "[" * 100_000,
    "nested_mappings": lambda: HEAD + "x: " + "{a: " * 50_000,
    "nested_dashes": lambda: HEAD + "x:\n " + "- " * 100_000,
    "open_quote": lambda: HEAD + "x: '" + "y" * (LIMIT - 200),
    "long_scalar": lambda: HEAD + "description: |\n" + "  some words in a line\n" * 10_000,
    "aliases": lambda: "a: &a [1]\n" + "".join(f"b{i}: [*a, *a, *a, *a]\n" for i in range(1_000)),
    "too_large": lambda: HEAD + "#" * LIMIT,
}
