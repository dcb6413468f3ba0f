"""Published injection payloads: what is tried against every place where a text of a caller or an author goes."""

from __future__ import annotations

from typing import Final

QUOTES: Final = (
    "'", "''", "'''", '"', '""', "`", "\\'", "\\\\'", "\\", "\\\\", "'\\", "' or '1'='1", "' or 1=1 --", "' or 1=1#", "' or 1=1/*", "') or ('1'='1", "')) or 1=1 --",
    "\" or \"\"=\"", "' or ''='", "x' and 1=0 union select 1 --", "admin'--", "admin' /*", "' having 1=1 --", "' group by 1 --", "' order by 99 --",
)  # fmt: skip

COMMENTS: Final = ("--", "-- ", "/*", "*/", "/**/", "/*!50000 select */", "#", ";--", "/*/**/*/", "--\n", "\n-- \n")

STACKED: Final = (
    "'; drop table canary; --", "1; drop table canary", "'; truncate canary cascade; --", "'; insert into canary values (2); --", "x'; commit; drop table canary; begin; --", "'; select pg_sleep(10); --",
    "'; copy canary to program 'true'; --", "'; set role postgres; --", "'; reset all; --", "'||pg_sleep(10)||'", "' union select usename from pg_user --", "' || (select current_user) || '",
    "1 and 1=cast((select version()) as int)", "'; do $$ begin drop table canary; end $$; --", "');drop table canary;--", "' returning * --", "'; alter table canary rename to gone; --",
)  # fmt: skip

PLACES: Final = ("$1", "$2", "$$", "$0", "$x", "$x$;drop table canary;$x$", "$tag$ x $tag$", ":name", ":1", "?", "%s", "%(x)s", "%%", "%d%n", "${env}", "${jndi:ldap://x}", "#{1+1}", "{{7*7}}", "{%x%}", "{0}", "{x!r}", "<%= 7 %>", "@@version", "@user", ":'x'", "\\g", "\\! id", "\\copy canary")  # fmt: skip

STRINGS: Final = ("E'\\x27'", "e'\\''", "U&'\\0027'", "U&\"\\0022\"", "B'1'", "X'27'", "N'x'", "_utf8'x'", "0x27206f7220313d31", "chr(39)", "\\x27", "\\u0027", "\\047", "%27 or 1=1", "&#39; or 1=1", "+or+1=1")

UNICODE: Final = ("\u02bc or 1=1 --", "\uff07 or 1=1 --", "\u2019 or 1=1 --", "\u2032; drop table canary; --", "\uff1b drop table canary", "\u037e", "\u202e'--", "\u200b'", "\xa0or\xa01=1", "\u0130'", "\ufb01", "é'", "日本'; --", "\U0001f600'", "a\u0301'", "\xbf'", "\u2028'; --", "\x1b[2J", "\x07", "\x7f", "\r\n'; --")

JSON: Final = ("a'->>'b", "$.a.b", "$**", "{a,b}", "a}','{b", "a\".\"b", "]", "[0]", "a,b", "'}')::text; --", "{\"a\": 1}", "__proto__", "constructor", "#>>", "@>", "?|", "\\\"")

PATTERNS: Final = ("%", "_", "%%", "\\%", "\\_", "100%", "%' or '1'='1", "a_b%c", "[a-z]", "^.*$", "(a+)+$", "~*")

NAMES: Final = ("select", "from", "null", "true", "user", "current_user", "default", "drop table canary", "pg_catalog.pg_user", "public.canary", "a.b", "*", "ctid", "xmin", "tableoid", "", " ", "a" * 63, "a" * 64, "A", "Ünï")

OTHERS: Final = ("<script>alert(1)</script>", "=1+1", "@SUM(1)", "../../etc/passwd", "; ls", "| id", "`id`", "$(id)", "a\tb", "a\nb", "NULL", "NaN", "1e999", "-1", "0", "true)", "*)(uid=*", "' or name()='x", "\\0", "a\\nb", "'" * 40, "\\" * 9, "((((((((((", "]]>", "<!--")

PAYLOADS: Final = tuple(dict.fromkeys((*QUOTES, *COMMENTS, *STACKED, *PLACES, *STRINGS, *UNICODE, *JSON, *PATTERNS, *NAMES, *OTHERS)))

UNSTORABLE: Final = ("a\0b", "\0", "\ud800", "\udfffx")
"""No text holds these: they are refused before anything is sent."""


def literal(payload: str) -> str:
    """The payload as a literal of liq."""
    return "'" + payload.replace("'", "''") + "'"
