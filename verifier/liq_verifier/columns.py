"""Which columns of a table a statement uses, beside its own policies: what roles must list, and where sensitive ones
flow.

Flow is followed through everything that a value can influence: results, filters, orders, groups, joins and set
operations.
A predicate that is part of the policy of the very row does not count, nor does a redaction that a view of the schema
makes of the same column (``mask`` with the same lengths, ``hash``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from attrs import field, frozen

from liq.model.expr import Call, Collect, ColumnRef, Expr, InQuery, Literal, Relation, ScalarQuery
from liq.model.ir import Distinct, Filter, Follow, Join, JoinKind, Scan, SetOperation
from liq.model.node import Node, children, walk
from liq.model.schema import Operation, Schema, Table
from liq_verifier.blocks import conjuncts
from liq_verifier.fingerprint import Print, fingerprint, free_columns
from liq_verifier.instances import instances
from liq_verifier.policy import alive, row_policy, unset_tombstone

REDACTIONS = frozenset({"mask", "hash"})
Redaction = tuple[str, str, str, tuple[object, ...]]
"""Table, column, function, literal arguments."""


@frozen
class Uses:
    """The ids of the columns that a statement uses."""

    ids: frozenset[int]
    through: Mapping[int, frozenset[str]] = field(factory=dict)
    """Per scan (its first column) within a view: the roles that may read the view."""

    def of(self, scan: Scan) -> frozenset[str]:
        """Names of the columns of a scan that are used."""
        return frozenset(column.name for column in scan.columns if column.id in self.ids)


def uses(roots: Iterable[Node], schema: Schema, *, result: bool = True) -> Uses:
    """The columns that some trees use; ``result``: the columns of a relation at the top are shown, or stored."""
    found: set[int] = set()
    through: dict[int, frozenset[str]] = {}
    for root in roots:
        scans = {c.id: s for s in walk(root) if isinstance(s, Scan) for c in s.columns}
        inside = instances(root, schema)
        through.update(inside)
        collector = _Collector(schema, scans, permitted_redactions(schema), frozenset(inside))
        if result and isinstance(root, Relation):
            found.update(column.id for column in root.columns)
        collector.visit(root)
        found |= collector.found
    return Uses(frozenset(found), through)


class _Collector:
    def __init__(
        self, schema: Schema, scans: dict[int, Scan], redactions: frozenset[Redaction], inside: frozenset[int]
    ) -> None:
        self._schema, self._scans, self._redactions, self._inside = schema, scans, redactions, inside
        self.found: set[int] = set()

    def visit(self, root: Node) -> None:
        stack: list[Node] = [root]
        while stack:
            node = stack.pop()
            self._note(node)
            stack.extend(self._below(node))

    def _note(self, node: Node) -> None:
        match node:
            case ColumnRef(id_):
                self.found.add(id_)
            case Distinct(input_):
                self.found.update(c.id for c in input_.columns)
            case SetOperation(_, inputs):
                self.found.update(c.id for each in inputs for c in each.columns)
            case Follow():
                self.found.update((*node.source, *node.target))
            case InQuery(query=query) | ScalarQuery(query) | Collect(query):
                self.found.update(c.id for c in query.columns)
            case _:
                pass

    def _below(self, node: Node) -> Iterator[Node]:
        match node:
            case Filter(input_, predicate):
                yield input_
                yield from (part for part in conjuncts(predicate) if not self._is_policy(part))
            case Join(JoinKind.INNER | JoinKind.LEFT, left, right, on) if on is not None:
                yield from (left, right)
                yield from (part for part in conjuncts(on) if not self._is_policy(part))
            case Call() if self._is_redaction(node):
                return
            case _:
                yield from children(node)

    def _is_policy(self, part: Expr) -> bool:
        """Whether a predicate is, word for word, a part of the policy of the row it is about."""
        columns = free_columns(part) & self._scans.keys()
        tables = {id(self._scans[c]): self._scans[c] for c in columns}
        if len(tables) != 1:
            return False
        (scan,) = tables.values()
        own = {c.id: f"@{c.name}" for c in scan.columns}
        table = self._schema.table_by_name[scan.table]
        return fingerprint(part, own) in policy_parts(self._schema, table, Operation.READ)

    def _is_redaction(self, call: Call) -> bool:
        if call.function not in REDACTIONS or not isinstance(call.args[0], ColumnRef):
            return False
        scan = self._scans.get(call.args[0].id)
        if scan is None or scan.columns[0].id not in self._inside:
            return False
        name = next(c.name for c in scan.columns if c.id == call.args[0].id)
        return (scan.table, name, call.function, _literals(call.args[1:])) in self._redactions


def policy_parts(schema: Schema, table: Table, operation: Operation) -> frozenset[Print]:
    """The conjuncts of a table's policies, comparable."""
    own = {number: f"@{column.name}" for number, column in enumerate(table.columns, 1)}
    whole = (row_policy(schema, table, operation), alive(schema, table), unset_tombstone(table))
    return frozenset(fingerprint(part, own) for each in whole for part in conjuncts(each))


def permitted_redactions(schema: Schema) -> frozenset[Redaction]:
    """What the views of a schema show of sensitive columns."""
    found: set[Redaction] = set()
    for view in schema.views:
        scans = {c.id: (s.table, c.name) for s in walk(view.relation) if isinstance(s, Scan) for c in s.columns}
        for node in walk(view.relation):
            if isinstance(node, Call) and node.function in REDACTIONS and isinstance(node.args[0], ColumnRef):
                place = scans.get(node.args[0].id)
                if place is not None and all(isinstance(arg, Literal) for arg in node.args[1:]):
                    found.add((*place, node.function, _literals(node.args[1:])))
    return frozenset(found)


def _literals(args: Iterable[Expr]) -> tuple[object, ...]:
    return tuple(arg.value if isinstance(arg, Literal) else object() for arg in args)
