"""Reply trees for property tests, and their words without markup.

A tree is grown from a seed: drawing each node from hypothesis costs a hundred times as much, and finds less in the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from hypothesis import strategies as st

from core.markup import inline_text
from core.reply import (
    Block,
    Break,
    Code,
    CodeBlock,
    Emphasis,
    Heading,
    Inline,
    Items,
    Link,
    Mark,
    Paragraph,
    Quote,
    Strong,
    Table,
    Text,
)

PIECES = (
    *["a", "bc", "-", "é", "ß", "漢字", "。", "!", "word", "long"],
    *("def ", "gh. ", "? ", ", ", " ", "  ", "e\u0301", "سلام ", "👍🏽", "👨‍👩‍👧", "🇩🇪"),
)
HREFS = ("https://a.example/x", "mailto:a@b.example", "https://shop.example/returns?a=1")


def text(rng: Random) -> str:
    """Up to twenty pieces, something visible among them."""
    return "".join(rng.choices(PIECES, k=rng.randint(0, 20))) + rng.choice(("x", "y.", "漢"))


def inline(rng: Random, *, links: bool, depth: int = 0) -> Inline:
    """One node."""
    kind = rng.randrange(9 if depth < 2 else 6)
    match kind:
        case 0 | 1 | 2:
            return Text(text(rng))
        case 3:
            return Code("".join(rng.choices("abc_", k=rng.randint(1, 12))))
        case 4:
            return Mark(rng.randint(1, 9))
        case 5:
            return Break()
        case 6 if links:
            return Link(rng.choice(HREFS), (Text(text(rng)),))
        case 7:
            return Strong(several(rng, links=links, depth=depth + 1))
        case _:
            return Emphasis(several(rng, links=links, depth=depth + 1))


def several(rng: Random, *, links: bool, depth: int = 0) -> tuple[Inline, ...]:
    """One to four nodes."""
    return tuple(inline(rng, links=links, depth=depth) for _ in range(rng.randint(1, 4)))


def block(rng: Random, *, links: bool, depth: int = 0) -> Block:
    """One block without tables."""
    match rng.randrange(8 if depth < 2 else 5):
        case 0 | 1 | 2:
            return Paragraph(several(rng, links=links))
        case 3:
            return Heading(rng.randint(1, 6), several(rng, links=links))
        case 4:
            lines = ["".join(rng.choices("abc (){}=", k=rng.randint(0, 40))) for _ in range(rng.randint(1, 8))]
            return CodeBlock("\n".join(lines))
        case 5:
            return Quote(blocks(rng, links=links, depth=depth + 1))
        case _:
            items = tuple(blocks(rng, links=links, depth=depth + 1) for _ in range(rng.randint(1, 3)))
            return Items(rng.choice((None, rng.randint(0, 20))), items)


def blocks(rng: Random, *, links: bool = True, depth: int = 0) -> tuple[Block, ...]:
    """None to four blocks; at least one inside another."""
    return tuple(block(rng, links=links, depth=depth) for _ in range(rng.randint(bool(depth), 2 if depth else 4)))


def table(rng: Random) -> Table:
    """One to six rows of one to three cells."""
    width = rng.randint(1, 3)
    return Table(tuple(tuple((Text(text(rng)),) for _ in range(width)) for _ in range(rng.randint(1, 6))))


def long_block(rng: Random) -> Block:
    """One block that is longer than several parts."""
    match rng.randrange(6):
        case 0:
            return Quote((Paragraph(_many(rng)), *blocks(rng)))
        case 1:
            return Items(3, (*(blocks(rng, depth=1) for _ in range(rng.randint(5, 30))), (Paragraph(_many(rng)),)))
        case 2:
            return CodeBlock("\n".join("".join(rng.choices("abc `(){}=", k=60)) for _ in range(rng.randint(10, 60))))
        case 3:
            return Table(tuple((_many(rng)[:4], (Text(text(rng)),)) for _ in range(rng.randint(5, 40))))
        case _:
            return Paragraph(_many(rng))


def _many(rng: Random) -> tuple[Inline, ...]:
    return tuple(inline(rng, links=True) for _ in range(rng.randint(20, 120)))


SEEDS = st.integers(0, 2**32).map(Random)
TREES: st.SearchStrategy[tuple[Block, ...]] = SEEDS.map(blocks)
UNLINKED_TREES: st.SearchStrategy[tuple[Block, ...]] = SEEDS.map(lambda rng: blocks(rng, links=False))
LONG_TREES: st.SearchStrategy[tuple[Block, ...]] = SEEDS.map(
    lambda rng: (*blocks(rng), long_block(rng), *blocks(rng), *([long_block(rng)] if rng.random() < 0.5 else []))
)
TABLES: st.SearchStrategy[Table] = SEEDS.map(table)


def words(blocks: Sequence[Block]) -> str:
    """All that is said, in order, without blanks and without the leads of lists."""
    return "".join("".join(_words(block).split()) for block in blocks)


def _words(block: Block) -> str:
    match block:
        case Paragraph(children) | Heading(_, children):
            return _said(children)
        case CodeBlock(text):
            return text
        case Quote(children):
            return words(children)
        case Items(_, items):
            return "".join(words(item) for item in items)
        case Table(rows):
            return "".join(_said(cell) for row in rows for cell in row)


def _said(children: Sequence[Inline]) -> str:
    out = ""
    for child in children:
        match child:
            case Strong(inner) | Emphasis(inner) | Link(_, inner):
                out += _said(inner)
            case _:
                out += inline_text((child,))
    return out
