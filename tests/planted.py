"""Made-up curriculums without faults, and the same with one fault of a known kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

T, E = "finished_trials", "foraging_efficiency"


@dataclass
class Rule:
    """``progress: B`` and its condition; no condition is ``otherwise``."""

    move: str
    target: str
    when: str = ""

    def __str__(self) -> str:
        move = f"{self.move}: {self.target}" if self.move != "stay" else "stay: true"
        when = f'when: "{self.when}"' if self.when else "otherwise: true"
        return f"      - {move}\n        {when}\n"


@dataclass
class Level:
    """A stage on the way: how much it takes to leave it upwards and downwards, and how both are measured."""

    up: int
    down: int
    better: float
    worse: float
    width: int
    own: bool  # windows are of this stage alone, by ``at_stage``; else the rules wait until the window is full
    both: bool  # whether efficiency counts as well
    rules: list[Rule] = field(default_factory=list)

    def trials(self) -> str:
        if self.width == 1:
            return f"{T}[-1]"
        return f"mean(at_stage({T})[-{self.width}:])" if self.own else f"mean({T}[-{self.width}:])"

    def guard(self) -> str:
        return "" if self.width == 1 or self.own else f" and session_at_current_stage >= {self.width}"


def levels(random: Random) -> list[Level]:
    """Two or three stages whose thresholds rise, with a dead band between them, and rules that never contradict."""
    both, start, found = random.random() < 0.5, random.randrange(50, 200), list[Level]()
    for number in range(random.choice((2, 3))):
        up = start + number * random.randrange(20, 60)
        down = found[-1].up - random.randrange(10, 20) if found else 0
        better, worse = round(0.5 + 0.1 * number, 2), round(0.4 - 0.02 * number, 2)
        found.append(
            Level(up, min(down, up - 10), better, worse, random.choice((1, 1, 2, 3)), random.random() < 0.5, both)
        )
    for number, level in enumerate(found):
        following = f"S{number + 1}" if number + 1 < len(found) else "DONE"
        also = f" and {E}[-1] >= {level.better}" if level.both else ""
        level.rules.append(Rule("progress", following, f"{level.trials()} >= {level.up}{also}{level.guard()}"))
        if number and random.random() < 0.8:
            fails = f"{level.trials()} < {level.down}"
            fails = f"({fails} or {E}[-1] < {level.worse})" if level.both else fails
            level.rules.append(Rule("rollback", f"S{number - 1}", f"{fails}{level.guard()}"))
        if random.random() < 0.3:
            level.rules.append(Rule("stay", ""))
    return found


def text(found: list[Level], extra: str = "") -> str:
    """The curriculum as YAML, without its head."""
    stages = "".join(
        f"  S{number}:\n    transitions:\n{''.join(map(str, level.rules))}" for number, level in enumerate(found)
    )
    return f"stages:\n{stages}{extra}  DONE: {{final: true}}\n"


# Faults: each changes some levels and returns what else the curriculum holds.


def never(random: Random, found: list[Level]) -> str:
    """A condition that contradicts itself over two comparisons."""
    limit = random.randrange(100, 300)
    found[0].rules.insert(0, Rule("stay", "", f"{T}[-1] >= {limit} and {T}[-1] < {limit - random.randrange(1, 9)}"))
    return ""


def always(random: Random, found: list[Level]) -> str:
    """A condition that all mice meet, though neither of its comparisons is constant."""
    limit = random.randrange(100, 300)
    found[0].rules = [found[0].rules[0], Rule("stay", "", f"{T}[-1] < {limit} or {T}[-1] > {limit - 1}")]
    return ""


def dead(random: Random, found: list[Level]) -> str:
    """A rule behind another one that fires whenever it would."""
    first = found[0].rules[0]
    found[0].rules.insert(1, Rule("stay", "", f"{first.when} and {T}[-1] > {random.randrange(1, 99)}"))
    return ""


def contradiction(random: Random, found: list[Level]) -> str:
    """A progress by the number of sessions alone, before a rollback."""
    days = random.choice((2, 3))
    found[1].rules[:] = [
        Rule("progress", "DONE", f"session_at_current_stage >= {days}"),
        Rule("rollback", "S0", f"{T}[-1] < {found[0].up - 20}"),
    ]
    return ""


def gap(random: Random, found: list[Level]) -> str:
    """A single value between progress and rollback at which nothing fires."""
    found[1].both = found[0].both = False
    up = found[0].up + 40
    found[0].rules[:] = [Rule("progress", "S1", f"{T}[-1] >= {up + 20}")]
    found[1].rules[:] = [Rule("progress", "DONE", f"{T}[-1] > {up}"), Rule("rollback", "S0", f"{T}[-1] < {up}")]
    return ""


def held_back(random: Random, found: list[Level]) -> str:
    """A progress that ends where a mouse gets better still."""
    rule = found[0].rules[0]
    rule.when += f" and {T}[-1] < {found[0].up + random.randrange(50, 99)}"
    return ""


def rolled_back(random: Random, found: list[Level]) -> str:
    """A rollback whose comparison looks the wrong way."""
    found[1].rules.append(Rule("rollback", "S0", f"{E}[-1] > {random.choice((1.5, 1.7))}"))
    found[1].rules = [rule for rule in found[1].rules if rule.when]
    return ""


def foreign(random: Random, found: list[Level]) -> str:
    """A rollback by a window that still holds sessions of the stage before."""
    found[1].rules = [found[1].rules[0], Rule("rollback", "S0", f"mean({T}[-3:]) < {found[0].up - 10}")]
    found[1].rules[0].when = f"{T}[-1] >= 900 and mean({T}[-3:]) >= {found[0].up}"
    return ""


def oscillation(random: Random, found: list[Level]) -> str:
    """A rollback above the progress that leads there."""
    found[0].rules[:] = [Rule("progress", "S1", f"{T}[-1] >= 100")]
    found[1].rules[:] = [Rule("progress", "DONE", f"{T}[-1] >= 300"), Rule("rollback", "S0", f"{T}[-1] < 150")]
    return ""


def no_dead_band(random: Random, found: list[Level]) -> str:
    """A rollback at the threshold of the progress that leads there."""
    limit = random.randrange(100, 200)
    found[0].rules[:] = [Rule("progress", "S1", f"{T}[-1] >= {limit}")]
    found[1].rules[:] = [Rule("progress", "DONE", f"{T}[-1] >= 300"), Rule("rollback", "S0", f"{T}[-1] < {limit}")]
    return ""


def stuck(random: Random, found: list[Level]) -> str:
    """The only progress asks for less than perfect."""
    found[0].rules[:] = [Rule("progress", "S1", f"{E}[-1] < 1.9 and {T}[-1] >= {random.randrange(9, 99)}")]
    return ""


def unreachable(random: Random, found: list[Level]) -> str:
    """A stage to which a rule leads that never fires."""
    limit = random.randrange(100, 300)
    found[0].rules.insert(0, Rule("progress", "X", f"min({T}[-2:]) > {limit} and {T}[-1] < {limit}"))
    return "  X:\n    transitions: [{progress: DONE, otherwise: true}]\n"


def no_end(random: Random, found: list[Level]) -> str:
    """The only way to the final stage is a rule that never fires."""
    found[-1].rules[:] = [Rule("progress", "DONE", f"max({T}[-2:]) < {random.randrange(9, 99)} and {T}[-1] > 100")]
    return ""


FAULTS: dict[str, Callable[[Random, list[Level]], str]] = {
    "ATD311": never,
    "ATD311 always": always,
    "ATD413": dead,
    "ATD901": contradiction,
    "ATD902": gap,
    "ATD903": held_back,
    "ATD904": rolled_back,
    "ATD905": foreign,
    "ATD906": oscillation,
    "ATD907": no_dead_band,
    "ATD908": stuck,
    "ATD411": unreachable,
    "ATD412": no_end,
}
