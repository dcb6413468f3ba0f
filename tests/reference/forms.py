"""Each function of the language, written by hand in PostgreSQL's SQL. ``{0}``, ``{1}`` … stand for the arguments."""

from __future__ import annotations

FORMS = {
    **{f"{op}({a}, {b})": f"({{0}}) {op} ({{1}})" for op, pairs in {
        "+": "int int, decimal decimal, float float, timestamp interval, interval timestamp, interval interval, time interval",
        "-": "int int, decimal decimal, float float, timestamp interval, timestamp timestamp, interval interval, time time, "
             "time interval",
        "*": "int int, decimal decimal, float float, interval int, int interval",
        "/": "int int, decimal decimal, float float",
        "%": "int int, decimal decimal",
        "=": "anyelement anyelement", "<>": "anyelement anyelement", "<": "anyelement anyelement",
        "<=": "anyelement anyelement", ">": "anyelement anyelement", ">=": "anyelement anyelement",
        "||": "text text, list list",
    }.items() for a, b in (pair.split() for pair in pairs.split(", "))},
    **{f"{name}({', '.join(args.split())})": f"{name}({', '.join(f'{{{i}}}' for i in range(len(args.split())))})"
       for name, overloads in {
           "abs": "int, decimal, float", "sign": "decimal, float", "round": "decimal, float", "floor": "decimal, float",
           "ceil": "decimal, float", "trunc": "decimal, float", "mod": "int int, decimal decimal", "sqrt": "float",
           "power": "float float", "exp": "float", "ln": "float", "greatest": "anyelement anyelement",
           "least": "anyelement anyelement", "nullif": "anyelement anyelement", "length": "text, bytes",
           "starts_with": "text text", "concat": "text text", "md5": "text", "reverse": "text", "ltrim": "text",
           "rtrim": "text", "replace": "text text text", "lower": "text", "upper": "text",
           "date_trunc": "text timestamp, text timestamp text", "cardinality": "list",
           "array_position": "list anyelement", "array_append": "list anyelement", "array_to_string": "list text",
           "string_to_array": "text text",
       }.items() for args in overloads.split(", ")},
    "neg(int)": "-({0})", "neg(decimal)": "-({0})", "neg(float)": "-({0})", "neg(interval)": "-({0})",
    "+(date, int)": "{0} + ({1})::int4", "-(date, int)": "{0} - ({1})::int4", "-(date, date)": "({0} - {1})::int8",
    "+(date, interval)": "({0} + {1}) at time zone 'UTC'", "-(date, interval)": "({0} - {1}) at time zone 'UTC'",
    "is_distinct(anyelement, anyelement)": "{0} is distinct from {1}",
    "in_list(anyelement, list)": "{0} = any({1})",
    "like(text, text)": "{0} like {1}", "ilike(text, text)": "{0} ilike {1}",
    "ends_with(text, text)": "right({0}, length({1})) = {1}", "contains(text, text)": "strpos({0}, {1}) > 0",
    "sign(int)": "sign(({0})::numeric)::int8", "div(int, int)": "{0} / {1}",
    "round(decimal, int)": "round({0}, ({1})::int4)", "trunc(decimal, int)": "trunc({0}, ({1})::int4)",
    "trim(text)": "btrim({0})", "substring(text, int)": "substring({0}, ({1})::int4)",
    "substring(text, int, int)": "substring({0}, ({1})::int4, ({2})::int4)",
    "left(text, int)": "left({0}, ({1})::int4)", "right(text, int)": "right({0}, ({1})::int4)",
    "position(text, text)": "strpos({0}, {1})", "split_part(text, text, int)": "split_part({0}, {1}, ({2})::int4)",
    "repeat(text, int)": "repeat({0}, ({1})::int4)", "lpad(text, int, text)": "lpad({0}, ({1})::int4, {2})",
    "rpad(text, int, text)": "rpad({0}, ({1})::int4, {2})",
    "encode_hex(bytes)": "encode({0}, 'hex')", "decode_hex(text)": "decode({0}, 'hex')",
    **{f"date_part(text, {kind})": 'pg_catalog."extract"({0}, {1})' for kind in ("timestamp", "date", "time", "interval")},
    "months_between(timestamp, timestamp)":
        "(extract(year from {1}) * 12 + extract(month from {1}) - extract(year from {0}) * 12 - extract(month from {0}))::int8",
    "make_interval_days(int)": "make_interval(days => ({0})::int4)",
    "element(list, int)": "({0})[({1})::int4 + 1]", "has_any(list, list)": "{0} && {1}", "has_all(list, list)": "{0} @> {1}",
    "json_typeof(json)": "jsonb_typeof({0})", "json_array_length(json)": "jsonb_array_length({0})",
}  # fmt: skip

OURS = {
    "matches(text, text)", "score(text, text)", "mask(text, int, int)", "hash(text)", "now()", "today()", "gen_random_uuid()",
    "distance(vector, vector)", "distance(vector, vector, text)",
}  # fmt: skip
"""What liq defines by itself, or what is another value every time: tested without a server."""
