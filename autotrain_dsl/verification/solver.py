"""The solver: what it may assume, how long it may think, and what it answers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import inf, isfinite, nextafter

import z3

from autotrain_dsl.model import Metric
from autotrain_dsl.verification.encoding import Budget
from autotrain_dsl.verification.guards import Guard, either
from autotrain_dsl.verification.operations import Operations
from autotrain_dsl.verification.scales import Scale
from autotrain_dsl.verification.symbols import Number, real

EFFORT = 3_000_000  # the solver's own unit of work, for one question: the same on every machine
_LONGEST = 3_000  # milliseconds for one question: only products take so long
_SHORT = 9  # digits of a number that somebody has written
_ASKING = 10_000  # what a question costs at least, in that unit


@dataclass
class Solver:
    """Statements that hold, to which a question is added for as long as it is asked.

    The guards say what a question assumes: ``ideal``, ``clear`` and ``curved`` are those of ``Operations``; under
    ``plain`` values are of the size of the thresholds they are compared with, under ``capped``, which is assumed unless
    it is said otherwise, values without a declared range are not immense.
    """

    budget: Budget
    effort: int = EFFORT
    ordered: bool = False
    ideal: z3.BoolRef = field(init=False)
    clear: z3.BoolRef = field(init=False)
    curved: z3.BoolRef = field(init=False)
    plain: z3.BoolRef = field(init=False)
    capped: z3.BoolRef = field(init=False)
    context: z3.Context = field(init=False)
    operations: Operations = field(init=False)
    metrics: dict[str, Metric] = field(default_factory=dict)  # of which values were chosen
    _engine: z3.Solver = field(init=False)
    _spent: int = 0

    def __post_init__(self) -> None:
        # A context of its own: what is found does not depend on what was asked before about something else.
        self.context = z3.Context()
        self._engine = z3.Solver(ctx=self.context)
        self._engine.set("rlimit", self.effort)
        self._engine.set("timeout", _LONGEST)
        self.ideal, self.clear, self.curved, self.plain, self.capped = (
            z3.Bool(name, self.context) for name in ("ideal", "clear", "curved", "plain", "capped")
        )
        guards = (self.ideal, self.clear, self.curved, self.capped)
        spend = self.budget.spend
        self.operations = Operations(self.context, self._engine.add, spend, *guards, ordered=self.ordered)

    def demand(self, guard: Guard) -> None:
        """What holds from now on."""
        self._engine.add(guard)

    def ask(self, question: Guard, *assumed: z3.BoolRef, beyond: bool = False) -> z3.ModelRef | bool | None:
        """A model in which the question is true; False where there is none, None where the solver gives up.

        Values of metrics without a declared range may be of any size where what is ``beyond`` is asked about too.
        """
        if question is False:
            return False
        self._engine.push()
        try:
            self._engine.add(question)
            answer = self._checked(*assumed, *(() if beyond else (self.capped,)))
            if answer == z3.sat:
                return self._engine.model()
            return False if answer == z3.unsat else None
        finally:
            self._engine.pop()

    def refutes(self, question: Guard, *, beyond: bool = False) -> bool:
        """Whether the question is never true; False where the solver gives up."""
        if self.ask(question, beyond=beyond) is False:
            return True
        return self.operations.is_curved and self.ask(question, self.curved, beyond=beyond) is False

    def blockers(self, question: Guard, named: Mapping[str, Guard]) -> set[str]:
        """Of statements that contradict a question together, names of some that do already, and of no more."""
        tracked = {name: z3.FreshBool(name, self.context) for name in named}
        self._engine.push()
        try:
            self._engine.add(question)
            for name, guard in named.items():
                self._engine.add(either(z3.Not(tracked[name]), guard))
            if self._checked(self.capped, *tracked.values()) != z3.unsat:
                return set(named)
            core = {each.get_id() for each in self._engine.unsat_core()}
            needed = {name for name, each in tracked.items() if each.get_id() in core}
            for name in sorted(needed):
                if self._checked(self.capped, *(tracked[other] for other in needed - {name})) == z3.unsat:
                    needed.remove(name)
            return needed
        finally:
            self._engine.pop()

    def _checked(self, *assumed: z3.BoolRef) -> z3.CheckSatResult:
        started = time.monotonic()
        answer = self._engine.check(*assumed)
        seconds = time.monotonic() - started
        spent = int(self._engine.statistics().get_key_value("rlimit count"))
        self.budget.think(spent - self._spent + _ASKING, seconds)
        self._spent = spent
        return answer

    def integer(self, name: str) -> z3.ArithRef:
        """A whole number."""
        return z3.FreshInt(name, self.context)

    def real(self, name: str) -> z3.ArithRef:
        """A number."""
        return z3.FreshReal(name, self.context)

    def condition(self, name: str) -> z3.BoolRef:
        """Something that may be so or not."""
        return z3.FreshBool(name, self.context)

    def value(self, metric: Metric, scale: Scale, *, missing: bool = False) -> Number:
        """A value that a session may have, within the declared range."""
        variable = self.integer(metric.name) if metric.integer else self.real(metric.name)
        value = z3.ToReal(variable) if metric.integer else variable
        self.metrics[metric.name] = metric
        limit = scale.whole if metric.integer else scale.limit
        low = metric.minimum if isfinite(metric.minimum) else -limit
        high = metric.maximum if isfinite(metric.maximum) else limit
        for declared, holds_ in ((metric.minimum, value >= real(low)), (metric.maximum, value <= real(high))):
            self.demand(holds_ if metric.integer or isfinite(declared) else z3.Implies(self.capped, holds_))
        usual = min(high, max(low, scale.usual.get(metric.name, high)))
        self.demand(z3.Implies(self.plain, value <= real(usual)))
        known: Guard = self.condition("known") if missing else True
        return Number(value, known, max(abs(low), abs(high)), whole=metric.integer)

    def allows(self, sessions: Mapping[str, tuple[float | None, ...]]) -> bool:
        """Whether all values are such as the metrics have."""
        return all(
            value is None or (metric.minimum <= value <= metric.maximum and (value.is_integer() or not metric.integer))
            for name, metric in self.metrics.items()
            for value in sessions[name]
        )

    def told(self, model: z3.ModelRef, number: Number) -> float | None:
        """What a model says a value is; None where it is missing."""
        return number_of(model, number.value) if holds(model, number.known) else None


def number_of(model: z3.ModelRef, value: z3.ArithRef) -> float:
    """What a model says a term is, as the nearest double; just beside a short number, the next one there."""
    found = model.eval(value, model_completion=True)
    if isinstance(found, z3.IntNumRef):
        return float(found.as_long())
    if isinstance(found, z3.AlgebraicNumRef):
        found = found.approx(30)
    exact = Fraction(found.as_fraction())
    nearest = float(exact)
    off = exact - Fraction(nearest)
    if off and nearest == round(nearest, _SHORT):  # how a solver says "less than" of a threshold
        return nextafter(nearest, inf if off > 0 else -inf)
    return nearest


def holds(model: z3.ModelRef, guard: Guard) -> bool:
    """Whether a model makes a guard true."""
    return guard if isinstance(guard, bool) else z3.is_true(model.eval(guard, model_completion=True))
