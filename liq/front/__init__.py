"""Syntax tree + schema -> typed IR.

For the outside: ``compile_project``, ``compile_query``, ``load_schema`` (texts) and ``compile_files`` (parsed files).
Inside, the half that resolves reads serves the half that resolves declarations and writes:

* ``context.Context(names, file, bare=…, parameters=…, always_visible=…)``: one per query or schema expression.
  ``report``, ``fresh``, ``charge``, ``lets`` (name -> ``LetBinding``), ``user_scans`` (first column id -> ``Reach``).
  ``context.learn_parameters(context, run)`` runs a resolution once or, for undeclared parameters, twice.
* ``scope.row_scope(columns, context, table=…, name=…, place=…)``: a row at hand (policy, check, write); append
  ``scope.row_source(columns, table=…, name="excluded", hidden=True)`` for more. ``scope.empty_scope(context)``: none.
* ``expressions.resolve(expr, scope, expected=None)`` -> model expression, coerced to ``expected`` where that is given;
  ``expressions.predicate(expr, scope)`` -> bool. On an error: one report, then a null literal that fits everywhere.
* ``coerce.coerce(expr, type, scope, span)``: an implicit conversion, or a report.
* ``reads.resolve_read(read, context, outer)`` -> Relation; ``reads.root_read(read, context)`` -> ``RootRead``
  (relation, result, ordered, paging, bounded). ``describe.resolve_describe(describe, context)`` -> Relation.
* ``shapes.returning(shape, scope)`` -> tuple of Items over a row scope. ``keys.keys_of(relation, context)``.
* ``type_refs.resolve_type(ref, context)``.
"""

from liq.front.compile import (
    CompiledProject,
    CompiledText,
    FiledQuery,
    LoadedSchema,
    compile_files,
    compile_project,
    compile_query,
    load_schema,
)
from liq.front.declared import SourceFile

__all__ = [
    "CompiledProject",
    "CompiledText",
    "FiledQuery",
    "LoadedSchema",
    "SourceFile",
    "compile_files",
    "compile_project",
    "compile_query",
    "load_schema",
]
