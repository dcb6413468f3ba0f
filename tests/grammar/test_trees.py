"""What a few programs say, node by node."""

from __future__ import annotations

import pickle

from liq.model.source import Source, Span
from liq_grammar import parse
from liq_grammar import syntax as s


def tree(program: str) -> s.File:
    result = parse(Source("program.liq", program))
    assert not result.diagnostics
    return result.tree


def item(program: str) -> s.Item:
    (only,) = tree(program).items
    return only


def condition(text: str) -> s.Expr:
    match item(f"read t where {text}"):
        case s.Statement(s.Read(s.SimpleRead(clauses=(s.Where(found),)))):
            return found
        case other:
            raise AssertionError(other)


def path(*names: str) -> s.Path:
    return s.Path(tuple(map(s.Name, names)))


def qualified(*names: str) -> s.QualifiedName:
    return s.QualifiedName(tuple(map(s.Name, names)))


def test_read() -> None:
    assert item("read t u { a, n: count(*) } limit $n max 5 where a = $x? order by a desc") == s.Statement(
        s.Read(
            s.SimpleRead(
                s.TableSource(qualified("t"), s.Name("u")),
                (),
                s.Shape((s.Field(None, path("a")), s.Field(s.Name("n"), s.Call(path("count"))))),
                (
                    s.Where(s.Compare("=", path("a"), s.Parameter("x", True))),
                    s.Order((s.OrderKey(path("a"), True),)),
                    s.Limit(s.Parameter("n"), s.Number("5")),
                ),
            )
        )
    )


def test_every_occurrence_of_a_clause_is_kept() -> None:
    match item("read t where a limit 1 where b"):
        case s.Statement(s.Read(s.SimpleRead(clauses=clauses))):
            assert [type(clause) for clause in clauses] == [s.Where, s.Where, s.Limit]
            assert [each.condition for each in s.pick(clauses, s.Where)] == [path("a"), path("b")]
        case other:
            raise AssertionError(other)


def test_expressions() -> None:
    a, b, c = path("a"), path("b"), path("c")
    assert condition("a or b and not c") == s.Or((a, s.And((b, s.Not(c)))))
    assert condition("a and (b and c)") == s.And((a, s.And((b, c))))
    assert condition("a - b - c * a") == s.Binary("-", s.Binary("-", a, b), s.Binary("*", c, a))
    assert condition("a != 'it''s'") == s.Compare("<>", a, s.Text("it's"))
    assert condition("a.b::decimal(15, 2)[]?['c']") == s.Index(
        s.Cast(path("a", "b"), s.TypeRef(qualified("decimal"), (15, 2), True, True)), s.Text("c")
    )
    assert condition("a not in (1)") == s.In(a, s.Choices((s.Number("1"),)), True)
    assert condition("(a, b) in (read t)") == s.In(s.Row((a, b)), s.Read(s.SimpleRead(s.TableSource(qualified("t")))))
    assert condition("a in $list") == s.In(a, s.Parameter("list"))
    assert condition("exists (versions where yanked)") == s.Exists(
        s.LinkRows(path("versions"), s.Where(path("yanked")))
    )
    assert condition("date '2026-01-01' < @day") == s.Compare("<", s.Typed("date", "2026-01-01"), s.Claim("day"))
    assert condition("a is not distinct from null") == s.IsDistinct(a, s.Null(), True)
    assert condition("{ $a, b: 1 }") == s.Record(
        (s.Entry(s.Name("a"), s.Parameter("a")), s.Entry(s.Name("b"), s.Number("1")))
    )


def test_spellings_are_one_tree() -> None:
    for left, right in (
        ("read t group by a order by b asc", "read t order b group a"),
        ("read t as u inner join v as w on (u.a = w.a)", "read t u join v w on u.a = w.a"),
        ("insert into t { a: $a }", "insert t [{ $a }]"),
        ("delete from t where a returning { b }", "delete t returning b where a"),
        ("query q { read t }", "query q() = read t"),
        ("read t { r: f() over (partition by a) }", "read t { r: f() over (by a) }"),
        ("enum e { 'a', b }", "enum e { a b }"),
        ("read `t` { `a`: ((b)) }", "read t { a: b }"),
    ):
        assert tree(left) == tree(right)


def test_declarations() -> None:
    program = """
    --- Packages.
    table packages {
      id uuid key = f()  --- its number
      name text unique check name <> ''   --- its name
      owner_id uuid on delete set null -> owners reverse packages as owner
    }"""
    name = s.Name("name")
    assert item(program) == s.TableDecl(
        qualified("packages"),
        (
            s.Column(s.Name("id"), s.TypeRef(qualified("uuid")), (s.Flag("key"), s.Default(s.Call(path("f")))),
                     description="its number"),
            s.Column(name, s.TypeRef(qualified("text")), (s.Flag("unique"),), description="its name"),
            s.Check(s.Compare("<>", path("name"), s.Text(""))),
            s.Column(s.Name("owner_id"), s.TypeRef(qualified("uuid")), (
                s.References(qualified("owners")), s.LinkAs(s.Name("owner")), s.Reverse(s.Name("packages")),
                s.OnDelete("set null"))),
        ),
        description="Packages.",
    )  # fmt: skip


def test_descriptions_find_what_they_describe() -> None:
    match tree("""
      --- One line
      --- and another.
      query q(  --- not this one: above wins nothing, both are kept
        --- above
        $a: text, $b: text,  --- behind
      ) = read t  -- a comment
      ---- a ruler
      let x = read t --- describes nothing
    """):
        case s.File((s.QueryDecl(_, (s.ParameterDecl() as a, s.ParameterDecl() as b)) as query, s.Let()), comments):
            assert query.description == "One line\nand another.\nnot this one: above wins nothing, both are kept"
            assert (a.description, b.description) == ("above", "behind")
            assert [each.text for each in comments] == ["-- a comment", "---- a ruler", "-- describes nothing"]
        case other:
            raise AssertionError(other)


def test_spans_cover_what_a_node_says() -> None:
    program = "read t { a, total: sum(b) } where (a + 1) * 2 = $x"
    texts = {type(node): program[node.span.start : node.span.end] for node in s.descendants(tree(program))}
    assert texts[s.Call] == "sum(b)"
    assert texts[s.Field] == "total: sum(b)"
    assert texts[s.Compare] == "(a + 1) * 2 = $x"
    assert texts[s.Shape] == "{ a, total: sum(b) }"
    assert texts[s.Read] == texts[s.Statement] == texts[s.File] == program


def test_nodes_are_plain_values() -> None:
    first, second = tree("read t where a = 1"), tree("read   t   where a  =  1")
    assert first == second and hash(first) == hash(second)
    assert first != tree("read t where a = 2")
    assert pickle.loads(pickle.dumps(first)) == first
    assert repr(s.Name("a", span=Span(1, 2))) == "Name('a')"
    assert list(s.children(s.And((path("a"), path("b"))))) == [path("a"), path("b")]
    assert s.evolve(s.Name("a"), text="b") == s.Name("b")
