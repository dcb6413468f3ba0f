"""A second opinion: cvc5, where it is installed, on the very texts that the first solver saw."""

from __future__ import annotations

from importlib.util import find_spec

from attrs import frozen

from liq_verifier.solver import RLIMIT, SEED


@frozen
class Opinion:
    """``unsat``, ``sat`` or ``unknown``, with the reason for the last."""

    verdict: str
    reason: str = ""


def available() -> bool:
    """Whether cvc5 can be loaded."""
    return find_spec("cvc5") is not None


def version() -> str:
    """The solver and its version."""
    import cvc5

    return f"cvc5 {cvc5.__version__}"


def opinion(smt2: str) -> Opinion:
    """What cvc5 says of a formula."""
    import cvc5

    solver = cvc5.Solver()
    for option, value in {"rlimit": str(RLIMIT), "seed": str(SEED), "strings-exp": "true"}.items():
        solver.setOption(option, value)
    solver.setLogic("ALL")
    parser = cvc5.InputParser(solver)
    answer = ""
    try:
        parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, smt2, "formula")
        symbols = parser.getSymbolManager()
        while not (command := parser.nextCommand()).isNull():
            answer = str(command.invoke(solver, symbols)).strip() or answer
    except RuntimeError as problem:
        return Opinion("unknown", " ".join(str(problem).split())[:200])
    if answer in ("sat", "unsat"):
        return Opinion(answer)
    return Opinion("unknown", answer[:200] or "no answer")
