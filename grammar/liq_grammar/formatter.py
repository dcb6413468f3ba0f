"""One text for each tree: ``format_tree`` writes it, ``format_source`` rewrites a source that parses."""

from __future__ import annotations

from attrs import frozen

from liq.model.diagnostics import Diagnostic
from liq.model.source import Source
from liq_grammar import syntax as s
from liq_grammar.declarations_out import DeclarationWriter
from liq_grammar.layout import Doc, Hard, cat, render
from liq_grammar.parser import parse
from liq_grammar.places import Places


@frozen
class Formatted:
    """A formatted text; the text as it was, where it does not parse."""

    text: str
    diagnostics: tuple[Diagnostic, ...]


def format_source(source: Source) -> Formatted:
    """The one way to write what a source says. A source that does not parse is left as it is."""
    parsed = parse(source)
    if not parsed.ok:
        return Formatted(source.text, parsed.diagnostics)
    return Formatted(format_tree(parsed.tree), parsed.diagnostics)


def format_tree(tree: s.File) -> str:
    """The text of a tree, which must not hold ``Broken`` parts. Comments stand where the spans of the tree put them."""
    places = Places(tree)
    writer = DeclarationWriter(places)
    texts = [_item_text(writer, places, item) for item in tree.items]
    blocks: list[str] = []
    for at, (item, text) in enumerate(zip(tree.items, texts, strict=True)):
        if at and (
            type(item) is not type(tree.items[at - 1]) or "\n" in text.rstrip() or "\n" in texts[at - 1].rstrip()
        ):
            blocks.append("\n")
        blocks.append(text)
    ending = _ending(places)
    if ending and blocks:
        blocks.append("\n")
    return "".join([*blocks, ending])


def _item_text(writer: DeclarationWriter, places: Places, item: s.Item) -> str:
    """An item, under the comments that stand above it and keep the empty lines between them."""
    above = places.above.pop(id(item), [])
    lead: list[Doc] = []
    for comment in above:
        lead += [comment.text, Hard(blank=comment.blank_below)]
    return render(cat(*lead, writer.item(item)))


def _ending(places: Places) -> str:
    lines: list[Doc] = []
    for at, comment in enumerate(places.at_end):
        if at:
            lines.append(Hard(blank=places.at_end[at - 1].blank_below))
        lines.append(comment.text)
    return render(cat(*lines)) if lines else ""


def format_statement(node: s.Statement | s.Let) -> str:
    """The text of one statement."""
    return format_tree(s.File((node,)))
