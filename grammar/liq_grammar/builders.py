"""One builder per rule of ``liq.lark``: from what the rule keeps to a node of ``syntax.py``.

Kids are nodes, tokens (names and kept keywords), or the small carriers below, in the order of the text. What is only
spelling ends here: clauses and parts are put into canonical order, names lose their backticks, texts their quotes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple, TypeVar

from liq.model.source import Span
from liq_grammar import syntax as s
from liq_grammar.machine import Build
from liq_grammar.scanner import Token

BUILDERS: Final[dict[str, Build]] = {}
N = TypeVar("N", bound=s.Node)
F = TypeVar("F", bound=Callable[[list[Any], Span], object])


def _builds(*rules: str) -> Callable[[F], F]:
    def register(function: F) -> F:
        for rule in rules:
            assert rule not in BUILDERS, rule
            BUILDERS[rule] = function
        return function

    return register


# --------------------------------------------------------------------------------------------------- carriers


class _Names(tuple[s.Name, ...]):
    """A list of columns in parentheses."""

    __slots__ = ()


class _OnColumns(_Names):
    """The columns behind ``on``."""

    __slots__ = ()


class _Parameters(tuple[Any, ...]):
    """The parameters of a query or function."""

    __slots__ = ()


class _Else(NamedTuple):
    value: Any


class _Subject(NamedTuple):
    value: Any


class _Method(NamedTuple):
    name: s.Name


# ---------------------------------------------------------------------------------------------------- helpers


def _name(token: Token) -> s.Name:
    text = token.text
    if text.startswith("`"):
        text = text[1:-1]
    elif text.startswith("'"):
        text = _unquoted(text)
    return s.Name(text, span=token.span)


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")


def _text(token: Token) -> s.Text:
    return s.Text(_unquoted(token.text), span=token.span)


def _number(token: Token) -> s.Number:
    return s.Number(token.text, span=token.span)


def _parameter(token: Token) -> s.Parameter:
    return s.Parameter(token.text[1:].rstrip("?"), token.text.endswith("?"), span=token.span)


def _claim(token: Token) -> s.Claim:
    return s.Claim(token.text[1:], span=token.span)


def _bound(token: Token) -> s.Number | s.Parameter:
    return _parameter(token) if token.text.startswith("$") else _number(token)


def _tokens(kids: Iterable[Any]) -> list[Token]:
    return [kid for kid in kids if isinstance(kid, Token)]


def _names(kids: Iterable[Any]) -> tuple[s.Name, ...]:
    return tuple(_name(token) for token in _tokens(kids))


def _says(kids: Iterable[Any], word: str) -> bool:
    return any(token.text == word for token in _tokens(kids))


def _only(kids: Iterable[Any], kind: type[N]) -> N | None:
    return next((kid for kid in kids if isinstance(kid, kind)), None)


def _nodes(kids: Iterable[Any], *without: type) -> tuple[Any, ...]:
    """The nodes among the kids that are of none of these kinds."""
    return tuple(kid for kid in kids if isinstance(kid, s.Node) and not isinstance(kid, without))


def _ordered(nodes: Iterable[Any], order: tuple[type, ...]) -> tuple[Any, ...]:
    """In canonical order; what is of one kind stays in the order of the text."""
    return tuple(sorted(nodes, key=lambda node: order.index(type(node))))


COLUMN_PARTS: Final = (s.Flag, s.Default, s.References, s.LinkAs, s.Reverse, s.OnDelete, s.Was)
FLAGS: Final = ("key", "unique", "auto", "sensitive", "tombstone")
POLICY_PARTS: Final = (s.Restrictive, s.ForOperations, s.ToRoles, s.Using, s.Check)
INSERT_CLAUSES: Final = (s.OrSkip, s.OrUpdate, s.Returning)
WRITE_CLAUSES: Final = (s.Where, s.Returning)

# ------------------------------------------------------------------------------------------- files and statements


@_builds("start")
def _start(kids: list[Any], span: Span) -> s.File:
    items = tuple(kid for kid in kids if not isinstance(kid, s.Broken))
    return s.File(items, broken=tuple(kid for kid in kids if isinstance(kid, s.Broken)), span=span)


@_builds("broken")
def _broken(kids: list[Any], span: Span) -> s.Broken:
    return s.Broken(declares=kids[0].text, span=span)


@_builds("statement")
def _statement(kids: list[Any], span: Span) -> s.Statement:
    return s.Statement(kids[0], _only(kids, s.Expect), span=span)


@_builds("let")
def _let(kids: list[Any], span: Span) -> s.Let:
    return s.Let(_name(kids[0]), kids[1], span=span)


@_builds("expect")
def _expect(kids: list[Any], span: Span) -> s.Expect:
    return s.Expect(_number(kids[0]), _text(kids[1]) if len(kids) > 1 else None, span=span)


@_builds("read")
def _read(kids: list[Any], span: Span) -> s.Read:
    rest = tuple(kid for kid in kids if isinstance(kid, s.SetOperation))
    return s.Read(kids[0], rest, tuple(kid for kid in kids if isinstance(kid, s.Stage)), span=span)


@_builds("simple_read")
def _simple_read(kids: list[Any], span: Span) -> s.SimpleRead:
    joins = tuple(kid for kid in kids if isinstance(kid, s.Join))
    clauses = _ordered(_nodes(kids[1:], s.Join, s.Shape), s.CLAUSE_ORDER)
    return s.SimpleRead(kids[0], joins, _only(kids, s.Shape), clauses, span=span)


@_builds("stage")
def _stage(kids: list[Any], span: Span) -> s.Stage:
    return s.Stage(_only(kids, s.Shape), _ordered(_nodes(kids, s.Shape), s.CLAUSE_ORDER), span=span)


BUILDERS["union"] = lambda kids, span: s.SetOperation("union", kids[0], span=span)
BUILDERS["union_all"] = lambda kids, span: s.SetOperation("union all", kids[0], span=span)
BUILDERS["except"] = lambda kids, span: s.SetOperation("except", kids[0], span=span)
BUILDERS["intersect"] = lambda kids, span: s.SetOperation("intersect", kids[0], span=span)


@_builds("qualified")
def _qualified(kids: list[Any], span: Span) -> s.QualifiedName:
    return s.QualifiedName(_names(kids), span=span)


@_builds("table_source")
def _table_source(kids: list[Any], span: Span) -> s.TableSource:
    alias = next((_name(token) for token in _tokens(kids) if token.text != "with"), None)
    return s.TableSource(kids[0], alias, _says(kids, "with"), span=span)


@_builds("derived_source")
def _derived_source(kids: list[Any], span: Span) -> s.DerivedSource:
    return s.DerivedSource(kids[0], _name(kids[1]), span=span)


@_builds("function_source")
def _function_source(kids: list[Any], span: Span) -> s.FunctionSource:
    alias = _name(kids[-1]) if isinstance(kids[-1], Token) else None
    return s.FunctionSource(kids[0], _nodes(kids[1:]), alias, span=span)


@_builds("inner_join", "left_join", "full_join", "cross_join")
def _join(kids: list[Any], span: Span) -> s.Join:
    kind: Any = kids[0].text if isinstance(kids[0], Token) else "inner"
    source, *condition = _nodes(kids)
    return s.Join(kind, source, condition[0] if condition else None, span=span)


# ---------------------------------------------------------------------------------------------------- clauses

BUILDERS["where"] = lambda kids, span: s.Where(kids[0], span=span)
BUILDERS["group"] = lambda kids, span: s.Group(tuple(kids), span=span)
BUILDERS["order"] = lambda kids, span: s.Order(tuple(kids), span=span)
BUILDERS["distinct"] = lambda kids, span: s.Distinct(span=span)
BUILDERS["offset"] = lambda kids, span: s.Offset(_bound(kids[0]), span=span)
BUILDERS["after"] = lambda kids, span: s.After(_parameter(kids[0]), span=span)


@_builds("limit")
def _limit(kids: list[Any], span: Span) -> s.Limit:
    return s.Limit(_bound(kids[0]), _number(kids[1]) if len(kids) > 1 else None, span=span)


@_builds("order_key")
def _order_key(kids: list[Any], span: Span) -> s.OrderKey:
    nulls: Any = next((word for word in ("first", "last") if _says(kids, word)), None)
    return s.OrderKey(kids[0], _says(kids, "desc"), nulls, span=span)


@_builds("choice")
def _choice(kids: list[Any], span: Span) -> s.Choice:
    return s.Choice(_name(kids[0]), (kids[1],), span=span)


@_builds("choose")
def _choose(kids: list[Any], span: Span) -> s.OrderChoose:
    _, parameter, *keys = kids
    choices: list[s.Choice] = []
    further: list[s.OrderKey] = []
    for key in [*reversed(keys)]:
        if isinstance(key, s.Choice):
            whole = key.span.join(further[0].span) if further else key.span
            choices.append(s.Choice(key.label, (*key.keys, *reversed(further)), span=whole))
            further = []
        else:
            further.append(key)
    return s.OrderChoose(_parameter(parameter), tuple(reversed(choices)), span=span)


@_builds("follow")
def _follow(kids: list[Any], span: Span) -> s.Follow:
    maximum = _number(kids[3]) if len(kids) > 3 else None
    return s.Follow(tuple(kids[0]), tuple(kids[1]), kids[2], maximum, span=span)


@_builds("column_list", "column_names")
def _column_list(kids: list[Any], _: Span) -> _Names:
    return _Names(_names(kids))


# ----------------------------------------------------------------------------------------------------- shapes

BUILDERS["shape"] = lambda kids, span: s.Shape(tuple(kids), span=span)
BUILDERS["star"] = lambda kids, span: s.Star(_names(kids), span=span)
BUILDERS["path_star"] = lambda kids, span: s.PathStar(kids[0], span=span)


@_builds("field")
def _field(kids: list[Any], span: Span) -> s.Field | s.Broken:
    if isinstance(kids[0], s.Broken):
        return kids[0]
    return s.Field(_name(kids[0]) if len(kids) > 1 else None, kids[-1], span=span)


@_builds("nested")
def _nested(kids: list[Any], span: Span) -> s.Nested:
    return s.Nested(_name(kids[0]) if len(kids) > 2 else None, kids[-2], kids[-1], span=span)


# ----------------------------------------------------------------------------------------------------- writing


@_builds("insert")
def _insert(kids: list[Any], span: Span) -> s.Insert:
    table, rows, *clauses = kids
    if isinstance(rows, s.Record):
        rows = s.Records((rows,), span=rows.span)
    return s.Insert(table, rows, _ordered(clauses, INSERT_CLAUSES), span=span)


BUILDERS["from_read"] = lambda kids, span: s.FromRead(kids[0], span=span)
BUILDERS["from_parameter"] = lambda kids, span: s.FromParameter(_parameter(kids[0]), _only(kids, s.Shape), span=span)
BUILDERS["on_columns"] = lambda kids, span: _OnColumns(_names(kids))


@_builds("or_skip")
def _or_skip(kids: list[Any], span: Span) -> s.OrSkip:
    return s.OrSkip(tuple(kids[1]) if len(kids) > 1 else (), span=span)


@_builds("or_update")
def _or_update(kids: list[Any], span: Span) -> s.OrUpdate:
    on = next((tuple(kid) for kid in kids if isinstance(kid, _OnColumns)), ())
    return s.OrUpdate(on, _nodes(kids, s.Where), _only(kids, s.Where), span=span)


@_builds("assign")
def _assign(kids: list[Any], span: Span) -> s.Assign:
    return s.Assign(_name(kids[0]), kids[1] if len(kids) > 1 else None, span=span)


@_builds("update")
def _update(kids: list[Any], span: Span) -> s.Update:
    assignments = tuple(kid for kid in kids if isinstance(kid, (s.Assign, s.Broken)))
    clauses = _ordered(_nodes(kids[1:], s.Assign, s.Broken), WRITE_CLAUSES)
    return s.Update(kids[0], assignments, clauses, span=span)


BUILDERS["delete"] = lambda kids, span: s.Delete(kids[0], _ordered(kids[1:], WRITE_CLAUSES), span=span)
BUILDERS["describe"] = lambda kids, span: s.Describe(tuple(kids), span=span)


@_builds("returning")
def _returning(kids: list[Any], span: Span) -> s.Returning:
    if isinstance(kids[0], s.Shape):
        return s.Returning(kids[0], span=span)
    fields = tuple(s.Field(None, path, span=path.span) for path in kids)
    return s.Returning(s.Shape(fields, span=fields[0].span.join(fields[-1].span)), span=span)


# ------------------------------------------------------------------------------------------------- expressions

BUILDERS["or_"] = lambda kids, span: s.Or(tuple(kids), span=span)
BUILDERS["and_"] = lambda kids, span: s.And(tuple(kids), span=span)
BUILDERS["not_"] = lambda kids, span: s.Not(kids[0], span=span)
BUILDERS["negate"] = lambda kids, span: s.Negate(kids[0], span=span)
BUILDERS["matches"] = lambda kids, span: s.Matches(kids[0], kids[1], span=span)
BUILDERS["choices"] = lambda kids, span: s.Choices(tuple(kids), span=span)
BUILDERS["parameter"] = lambda kids, span: _parameter(kids[0])
BUILDERS["claim"] = lambda kids, span: _claim(kids[0])
BUILDERS["paren"] = lambda kids, span: kids[0]
BUILDERS["row"] = lambda kids, span: s.Row(tuple(kids), span=span)
BUILDERS["subquery"] = lambda kids, span: s.Subquery(kids[0], span=span)
BUILDERS["cast"] = lambda kids, span: s.Cast(kids[0], kids[1], span=span)
BUILDERS["index"] = lambda kids, span: s.Index(kids[0], kids[1], span=span)
BUILDERS["member"] = lambda kids, span: s.Member(kids[0], _name(kids[1]), span=span)
BUILDERS["list"] = lambda kids, span: s.ListLiteral(_nodes(kids), span=span)
BUILDERS["record"] = lambda kids, span: s.Record(tuple(kids), span=span)
BUILDERS["records"] = lambda kids, span: s.Records(_nodes(kids), span=span)
BUILDERS["number"] = lambda kids, span: _number(kids[0])
BUILDERS["text"] = lambda kids, span: _text(kids[0])
BUILDERS["typed"] = lambda kids, span: s.Typed(kids[0].text, _unquoted(kids[1].text), span=span)
BUILDERS["true"] = lambda kids, span: s.Boolean(True, span=span)
BUILDERS["false"] = lambda kids, span: s.Boolean(False, span=span)
BUILDERS["null"] = lambda kids, span: s.Null(span=span)
BUILDERS["subject"] = lambda kids, span: _Subject(kids[0])
BUILDERS["else"] = lambda kids, span: _Else(kids[0])
BUILDERS["when"] = lambda kids, span: s.When(kids[0], kids[1], span=span)


@_builds("compare")
def _compare(kids: list[Any], span: Span) -> s.Compare:
    left, sign, right = kids
    return s.Compare("<>" if sign.text == "!=" else sign.text, left, right, span=span)


@_builds("binary")
def _binary(kids: list[Any], span: Span) -> s.Binary:
    left, sign, right = kids
    return s.Binary(sign.text, left, right, span=span)


@_builds("is_")
def _is(kids: list[Any], span: Span) -> s.Is:
    return s.Is(kids[0], kids[-1].text, len(kids) > 2, span=span)


@_builds("is_distinct")
def _is_distinct(kids: list[Any], span: Span) -> s.IsDistinct:
    return s.IsDistinct(kids[0], kids[-1], len(kids) > 2, span=span)


@_builds("in_")
def _in(kids: list[Any], span: Span) -> s.In:
    return s.In(kids[0], kids[-1], len(kids) > 2, span=span)


@_builds("like")
def _like(kids: list[Any], span: Span) -> s.Like:
    return s.Like(kids[0], kids[-1], _says(kids, "ilike"), _says(kids, "not"), span=span)


@_builds("between")
def _between(kids: list[Any], span: Span) -> s.Between:
    return s.Between(kids[0], kids[-2], kids[-1], len(kids) > 3, span=span)


@_builds("exists")
def _exists(kids: list[Any], span: Span) -> s.Exists:
    if isinstance(kids[0], s.Read):
        return s.Exists(kids[0], span=span)
    inside = kids[0].span.join(kids[-1].span)
    return s.Exists(s.LinkRows(kids[0], _only(kids, s.Where), span=inside), span=span)


@_builds("case")
def _case(kids: list[Any], span: Span) -> s.Case:
    subject = next((kid.value for kid in kids if isinstance(kid, _Subject)), None)
    otherwise = next((kid.value for kid in kids if isinstance(kid, _Else)), None)
    return s.Case(subject, tuple(kid for kid in kids if isinstance(kid, s.When)), otherwise, span=span)


@_builds("call")
def _call(kids: list[Any], span: Span) -> s.Call:
    function, *inside = kids
    clauses = [kid for kid in inside if isinstance(kid, (s.Where, s.Order, s.Limit, s.Offset))]
    return s.Call(
        function,
        _nodes(inside, s.Where, s.Order, s.Limit, s.Offset, s.Over),
        _says(inside, "distinct"),
        _ordered(clauses, s.CLAUSE_ORDER),
        _only(inside, s.Over),
        span=span,
    )


@_builds("over")
def _over(kids: list[Any], span: Span) -> s.Over:
    return s.Over(_nodes(kids, s.Order, s.Frame), _only(kids, s.Order), _only(kids, s.Frame), span=span)


BUILDERS["frame"] = lambda kids, span: s.Frame(*kids, span=span)


@_builds("window_bound")
def _window_bound(kids: list[Any], span: Span) -> s.WindowBound:
    if kids[0].text == "current":
        return s.WindowBound("current row", span=span)
    return s.WindowBound(kids[-1].text, _number(kids[0]) if len(kids) > 1 else None, span=span)


@_builds("path")
def _path(kids: list[Any], span: Span) -> s.Path:
    first, *last = kids
    names = (_name(first),) if isinstance(first, Token) else (*first.names, _name(last[0]))
    return s.Path(names, span=span)


@_builds("entry")
def _entry(kids: list[Any], span: Span) -> s.Entry:
    return s.Entry(_name(kids[0]), kids[1], span=span)


@_builds("pun")
def _pun(kids: list[Any], span: Span) -> s.Entry:
    token = kids[0]
    value = _parameter(token) if token.text.startswith("$") else _claim(token)
    return s.Entry(s.Name(value.name, span=token.span), value, span=span)


@_builds("type")
def _type(kids: list[Any], span: Span) -> s.TypeRef:
    name, *rest = kids
    arguments = tuple(int(token.text.replace("_", "")) for token in rest if token.text[0].isdigit())
    is_list = any(token.text.startswith("[") for token in rest)
    return s.TypeRef(name, arguments, is_list, _says(rest, "?"), span=span)


# ------------------------------------------------------------------------------------------------ declarations

BUILDERS["session"] = lambda kids, span: s.SessionDecl(tuple(kids), span=span)
BUILDERS["token_path"] = lambda kids, span: s.From(_text(kids[0]), span=span)
BUILDERS["default"] = lambda kids, span: s.Default(kids[0], span=span)
BUILDERS["table"] = lambda kids, span: s.TableDecl(kids[0], tuple(kids[1:]), span=span)
BUILDERS["flag"] = lambda kids, span: s.Flag(kids[0].text, span=span)
BUILDERS["references"] = lambda kids, span: s.References(kids[0], _names(kids), span=span)
BUILDERS["link_as"] = lambda kids, span: s.LinkAs(_name(kids[0]), span=span)
BUILDERS["reverse"] = lambda kids, span: s.Reverse(_name(kids[0]), span=span)
BUILDERS["was"] = lambda kids, span: s.Was(_name(kids[0]), span=span)
BUILDERS["method"] = lambda kids, span: _Method(_name(kids[0]))
BUILDERS["key"] = lambda kids, span: s.KeyConstraint(_names(kids[1:]), span=span)
BUILDERS["view"] = lambda kids, span: s.ViewDecl(kids[0], kids[1], span=span)
BUILDERS["enum"] = lambda kids, span: s.EnumDecl(kids[0], tuple(kids[1:]), span=span)
BUILDERS["enum_value"] = lambda kids, span: s.EnumValue(_name(kids[0]).text, span=span)


@_builds("claim_decl")
def _claim_decl(kids: list[Any], span: Span) -> s.ClaimDecl:
    return s.ClaimDecl(_name(kids[0]), kids[1], _ordered(kids[2:], (s.From, s.Default)), span=span)


@_builds("column")
def _column(kids: list[Any], span: Span) -> s.Column:
    name, type_, *parts = kids
    parts.sort(key=lambda part: FLAGS.index(part.word) if isinstance(part, s.Flag) else 0)
    return s.Column(_name(name), type_, _ordered(parts, COLUMN_PARTS), span=span)


@_builds("on_delete")
def _on_delete(kids: list[Any], span: Span) -> s.OnDelete:
    word = kids[0].text
    action: Any = f"set {word}" if word in ("null", "default") else word
    return s.OnDelete(action, span=span)


def _label(kids: list[Any]) -> s.Name | None:
    link = _only(kids, s.LinkAs)
    return link.name if link else None


@_builds("unique")
def _unique(kids: list[Any], span: Span) -> s.UniqueConstraint:
    keys = tuple(kid for kid in kids if isinstance(kid, s.OrderKey))
    return s.UniqueConstraint(keys, _says(kids, "nulls"), _only(kids, s.Where), _label(kids), span=span)


@_builds("check")
def _check(kids: list[Any], span: Span) -> s.Check:
    return s.Check(kids[0], _label(kids), span=span)


@_builds("index_decl")
def _index_decl(kids: list[Any], span: Span) -> s.IndexDecl:
    keys = tuple(kid for kid in kids if isinstance(kid, s.OrderKey))
    method = next((kid.name for kid in kids if isinstance(kid, _Method)), None)
    return s.IndexDecl(keys, method, _only(kids, s.Where), _label(kids), span=span)


@_builds("foreign")
def _foreign(kids: list[Any], span: Span) -> s.Foreign:
    _, columns, *parts = kids
    return s.Foreign(tuple(columns), _ordered(parts, COLUMN_PARTS), span=span)


@_builds("policy")
def _policy(kids: list[Any], span: Span) -> s.PolicyDecl:
    tables = tuple(kid for kid in kids if isinstance(kid, s.QualifiedName))
    parts = _ordered(_nodes(kids, s.QualifiedName), POLICY_PARTS)
    return s.PolicyDecl(_name(kids[0]), tables, parts, span=span)


BUILDERS["restrictive"] = lambda kids, span: s.Restrictive(span=span)
BUILDERS["using"] = lambda kids, span: s.Using(kids[0], span=span)
BUILDERS["to_roles"] = lambda kids, span: s.ToRoles(_names(kids), span=span)
BUILDERS["max_rows"] = lambda kids, span: s.MaxRows(_number(kids[0]), span=span)
BUILDERS["parameters"] = lambda kids, span: _Parameters(kids)


@_builds("for_operations")
def _for_operations(kids: list[Any], span: Span) -> s.ForOperations:
    return s.ForOperations(tuple(token.text for token in kids), span=span)


@_builds("fn")
def _fn(kids: list[Any], span: Span) -> s.FnDecl:
    return s.FnDecl(kids[0], tuple(kids[1]), kids[2], span=span)


@_builds("parameter_decl")
def _parameter_decl(kids: list[Any], span: Span) -> s.ParameterDecl:
    return s.ParameterDecl(_parameter(kids[0]).name, kids[1], tuple(kids[2:]), span=span)


@_builds("role")
def _role(kids: list[Any], span: Span) -> s.RoleDecl:
    return s.RoleDecl(_name(kids[0]), tuple(kids[1:]), span=span)


@_builds("grant")
def _grant(kids: list[Any], span: Span) -> s.Grant:
    return s.Grant(kids[0].text, _nodes(kids), _says(kids[1:], "all"), span=span)


@_builds("target")
def _target(kids: list[Any], span: Span) -> s.Target:
    columns = next((tuple(kid) for kid in kids if isinstance(kid, _Names)), ())
    return s.Target(kids[0], columns, _says(kids, "with"), span=span)


@_builds("channel")
def _channel(kids: list[Any], span: Span) -> s.ChannelDecl:
    return s.ChannelDecl(tuple(kid for kid in kids if isinstance(kid, s.Path)), _only(kids, s.ToRoles), span=span)


@_builds("query")
def _query(kids: list[Any], span: Span) -> s.QueryDecl:
    parameters = next((tuple(kid) for kid in kids if isinstance(kid, _Parameters)), ())
    return s.QueryDecl(kids[0], parameters, _nodes(kids[1:]), span=span)


# ----------------------------------------------------------------------------------------- tests and migrations


@_builds("test")
def _test(kids: list[Any], span: Span) -> s.TestDecl:
    return s.TestDecl(_text(kids[0]), tuple(kids[1:]), span=span)


@_builds("expect_error")
def _expect_error(kids: list[Any], span: Span) -> s.ExpectError:
    return s.ExpectError(kids[-1], _text(kids[0]) if len(kids) > 1 else None, span=span)


BUILDERS["given"] = lambda kids, span: s.Given(kids[0], kids[1], span=span)
BUILDERS["session_step"] = lambda kids, span: s.SessionStep(kids[0], span=span)
BUILDERS["expect_rows"] = lambda kids, span: s.ExpectRows(kids[0], kids[1], span=span)
BUILDERS["run"] = lambda kids, span: s.Run(kids[0], _only(kids, s.Record), span=span)


@_builds("migration")
def _migration(kids: list[Any], span: Span) -> s.MigrationDecl:
    return s.MigrationDecl(_name(kids[0]), tuple(kids[1:]), span=span)


BUILDERS["alter"] = lambda kids, span: s.Alter(kids[0], kids[1], span=span)
BUILDERS["add"] = lambda kids, span: s.Add(tuple(kids), span=span)
BUILDERS["set_column"] = lambda kids, span: s.SetColumn(tuple(kids), span=span)
BUILDERS["drop_column"] = lambda kids, span: s.DropColumn(_name(kids[0]), span=span)
BUILDERS["rename_column"] = lambda kids, span: s.RenameColumn(_name(kids[0]), _name(kids[1]), span=span)
BUILDERS["rename_table"] = lambda kids, span: s.RenameTable(_name(kids[0]), span=span)
BUILDERS["drop_table"] = lambda kids, span: s.DropTable(kids[0], span=span)
