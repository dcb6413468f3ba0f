"""The one module that runs a solver: z3, loaded when first used, a fresh context per formula, bounded by work and not
by time."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from attrs import frozen

from liq_verifier.obligation import Formula

RLIMIT = 5_000_000
SEED = 0
Constant = bool | int | Fraction | str


@frozen
class Answer:
    """``unsat``, ``sat`` with values of the constants, or ``unknown`` with the reason. ``vacuous``: the base alone is
    unsat."""

    verdict: str
    used: int
    reason: str = ""
    values: dict[str, Constant] | None = None
    vacuous: bool = False


def version() -> str:
    """The solver and its version."""
    import z3

    return f"z3 {z3.get_version_string()}"


def solve(formula: Formula) -> Answer:
    """Decide a formula."""
    import z3

    context = z3.Context()
    try:
        assertions = z3.parse_smt2_string(f"{formula.base}(assert {formula.goal})\n", ctx=context)
        solver = z3.Solver(ctx=context)
        solver.set("rlimit", RLIMIT)
        solver.set("random_seed", SEED)
        for assertion in list(assertions)[:-1]:  # pyright: ignore
            solver.add(assertion)
        solver.push()
        solver.add(assertions[len(assertions) - 1])
        verdict = str(solver.check())
        used = _used(solver)
        if verdict == "sat":
            return Answer(verdict, used, values=_values(solver.model(), formula))
        if verdict == "unknown":
            return Answer(verdict, used, reason=solver.reason_unknown())
        solver.pop()
        return Answer(verdict, used, vacuous=str(solver.check()) == "unsat")
    except z3.Z3Exception as problem:
        return Answer("unknown", 0, reason=f"the solver refused the formula: {str(problem)[:200]}")


def _used(solver: Any) -> int:
    statistics = solver.statistics()
    return int(statistics.get_key_value("rlimit count")) if "rlimit count" in statistics.keys() else 0  # noqa: SIM118


def _values(model: Any, formula: Formula) -> dict[str, Constant]:
    import z3

    sorts = {"Bool": z3.Bool, "Int": z3.Int, "Real": z3.Real, "String": z3.String}
    found: dict[str, Constant] = {}
    for name, sort in formula.encoder.script.constants.items():
        constant = sorts[sort](name, ctx=model.ctx)
        found[name] = _python(model.eval(constant, model_completion=True))
    return found


def _python(value: Any) -> Constant:
    import z3

    if z3.is_true(value) or z3.is_false(value):
        return bool(z3.is_true(value))
    if z3.is_int_value(value):
        return int(value.as_long())
    if z3.is_rational_value(value):
        return Fraction(value.numerator_as_long(), value.denominator_as_long())
    if z3.is_algebraic_value(value):
        return Fraction(str(value.approx(20).as_fraction()))
    return _unescaped(value.as_string())


def _unescaped(text: str) -> str:
    import re

    return re.sub(r"\\u\{([0-9a-fA-F]+)\}", lambda found: chr(int(found.group(1), 16)), text)
