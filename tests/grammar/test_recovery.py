"""What is wrong with one part of a text does not keep the rest from being read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from liq.model.source import Source
from liq_grammar import Parsed, parse
from liq_grammar import syntax as s
from tests.grammar.programs import sentence


def read(program: str) -> Parsed:
    return parse(Source("program.liq", program))


def names(tree: s.File) -> list[str]:
    return [node.name.text for node in s.descendants(tree) if isinstance(node, s.TableSource)]


def test_a_broken_item_ends_at_the_next_comma() -> None:
    result = read("read t { a: 1 +, b: 2, c: ), d } where f(, 2) = 1")
    assert [node.text for node in s.descendants(result.tree) if isinstance(node, s.Name)][:6] == list("tabcdf")
    assert len(result.diagnostics) == 3


def test_a_broken_item_ends_at_the_next_line_in_braces() -> None:
    match read("read t {\n  a: 1 1 1\n  b: *\n  c: 3\n}").tree.items:
        case (s.Statement(s.Read(s.SimpleRead(_, _, s.Shape(items)))),):
            labels = [item.label.text for item in items if isinstance(item, s.Field) and item.label]
            assert labels == ["a", "b", "c"]
        case other:
            raise AssertionError(other)


def test_a_broken_statement_ends_at_the_next_line_that_begins_one() -> None:
    result = read("read a wibble wobble\n  limit 5\nread b\ntable t t t { id int }\n  where x\nread c")
    assert names(result.tree) == ["b", "c"]
    assert len(result.tree.broken) == 2
    assert result.tree.broken[1].declares == "t"


def test_a_broken_step_does_not_cost_its_query() -> None:
    result = read("query q($x: int) {\n  read a where\n  let b = = 1\n  read c\n}\nread d")
    match result.tree.items:
        case (s.QueryDecl(name, (s.ParameterDecl(),), steps), s.Statement()):
            assert name.text == "q"
            assert isinstance(steps[-1], s.Statement)
        case other:
            raise AssertionError(other)
    assert names(result.tree)[-2:] == ["c", "d"]


def test_misspelt_keywords_are_read_as_they_were_meant() -> None:
    result = read("reed a wher b = 1 ordr c limt 5")
    assert [each.fix.replacement for each in result.diagnostics if each.fix] == ["read", "where", "order", "limit"]
    match result.tree.items:
        case (s.Statement(s.Read(s.SimpleRead(clauses=clauses))),):
            assert [type(clause) for clause in clauses] == [s.Where, s.Order, s.Limit]
        case other:
            raise AssertionError(other)


def test_a_missing_bracket_is_supplied() -> None:
    result = read("read a { x, y where x = 1\nread b where c in (1, 2\nread c")
    assert names(result.tree) == ["a", "b", "c"]
    assert [each.code.name for each in result.diagnostics] == ["unclosed", "unclosed"]


def test_fixes_repair() -> None:
    """Applying every fix of these programs, from the back, leaves programs that parse."""
    for program in ("READ t WHERE a == 1 && b;", "read t wher a = ${x}", "read “t” limit ٣", "raed t where a ≤ 1"):
        text = program
        for each in reversed(read(program).diagnostics):
            assert each.fix is not None
            text = text[: each.fix.span.start] + each.fix.replacement + text[each.fix.span.end :]
        if "“" not in program:
            assert read(text).ok, text


@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_what_stands_outside_a_broken_statement_is_read(seed: int, cut: int) -> None:
    """A statement cut short between two whole ones: those keep their trees."""
    before, broken, after = (sentence(seed + offset, comments=False).replace("\n", " ") for offset in range(3))
    broken = broken[: cut % (len(broken) + 1)]
    whole = read(f"{before}\nread marker limit 1\n")
    result = read(f"{before}\nread marker limit 1\n{broken}\nread marker limit 2\n{after}")
    if whole.ok and not result.ok:
        assert result.tree.items[: len(whole.tree.items) - 1] == whole.tree.items[:-1]
