from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import process_time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.markup import MAX_CHARS, MAX_DEPTH, escape, parse, parse_plain, to_text
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

SCHEMES = ("http://", "https://", "mailto:", "tel:")


def links(blocks: Sequence[Block]) -> list[str]:
    return [node.href for node in nodes(blocks) if isinstance(node, Link)]


def nodes(blocks: Sequence[Block]) -> Iterator[Inline]:
    for block in blocks:
        match block:
            case Paragraph(children) | Heading(_, children):
                yield from inlines(children)
            case Quote(inner):
                yield from nodes(inner)
            case Items(_, items):
                for item in items:
                    yield from nodes(item)
            case Table(rows):
                for row in rows:
                    for cell in row:
                        yield from inlines(cell)
            case CodeBlock():
                pass


def inlines(children: Sequence[Inline]) -> Iterator[Inline]:
    for child in children:
        yield child
        match child:
            case Strong(inner) | Emphasis(inner) | Link(_, inner):
                yield from inlines(inner)
            case Text() | Code() | Mark() | Break():
                pass


def depth(blocks: Sequence[Block]) -> int:
    deepest = 0
    for block in blocks:
        match block:
            case Quote(inner):
                deepest = max(deepest, 1 + depth(inner))
            case Items(_, items):
                deepest = max(deepest, 1 + max((depth(item) for item in items), default=0))
            case _:
                deepest = max(deepest, 1)
    return deepest


def test_the_common_things() -> None:
    assert parse("Hi **there**, see `x` [1]\\\nnext") == (
        Paragraph(
            (
                Text("Hi "),
                Strong((Text("there"),)),
                Text(", see "),
                Code("x"),
                Text(" "),
                Mark(1),
                Break(),
                Text("next"),
            )
        ),
    )
    assert parse("3. a\n4. b") == (Items(3, ((Paragraph((Text("a"),)),), (Paragraph((Text("b"),)),))),)
    assert parse("|a|b|\n|-|-|\n|1|*2*|") == (
        Table((((Text("a"),), (Text("b"),)), ((Text("1"),), (Emphasis((Text("2"),)),)))),
    )
    assert parse("# Top\n> q\n\n~~~\ncode\n~~~") == (
        Heading(1, (Text("Top"),)),
        Quote((Paragraph((Text("q"),)),)),
        CodeBlock("code"),
    )


def test_html_is_text_and_images_are_links() -> None:
    assert parse("<b onclick=x>hi</b>") == (Paragraph((Text("<b onclick=x>hi</b>"),)),)
    assert parse("![a cat](https://x.example/c.png)") == (
        Paragraph((Link("https://x.example/c.png", (Text("a cat"),)),)),
    )
    assert parse("![a cat](data:image/png;base64,xx)") == (Paragraph((Text("a cat"),)),)


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:x",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "/local",
        "&#106;avascript:x",
    ],
)
def test_other_schemes_lose_the_link_and_keep_the_words(href: str) -> None:
    blocks = parse(f"[press]({href}) and <{href}>")
    assert links(blocks) == []
    assert "press" in to_text(blocks)


def test_bare_addresses_become_links_but_file_names_do_not() -> None:
    assert links(parse("https://a.example/b?c=1, me@a.example, setup.py, readme.md")) == [
        "https://a.example/b?c=1",
        "mailto:me@a.example",
    ]


def test_escaped_brackets_and_reference_definitions_are_no_marks() -> None:
    assert parse(escape("see [1] *and* <b>")) == (Paragraph((Text("see [1] *and* <b>"),)),)
    assert [n for n in nodes(parse("[1]: https://evil.example\n\nfact [1]")) if isinstance(n, Mark)] == [
        Mark(1),
        Mark(1),
    ]
    assert "https://evil.example" in links(parse("[1]: https://evil.example\n\nfact [1]"))


def test_plain_text_knows_breaks_and_links_only() -> None:
    assert parse_plain("a **b**\n# c [1]\n\n\n<i> https://x.example") == (
        Paragraph((Text("a **b**"), Break(), Text("# c [1]"))),
        Paragraph((Text("<i> "), Link("https://x.example", (Text("https://x.example"),)))),
    )


def test_to_text() -> None:
    text = to_text(parse("Do [this](https://a.example) [1]:\n\n2. x\n3. y\n   - z\n\n> q\n\n|a|b|\n|-|-|\n|1|2|"))
    assert text == "Do this (https://a.example) [1]:\n\n2. x\n3. y\n   - z\n\n> q\n\na | b\n1 | 2"


MARKDOWNISH = st.text(st.sampled_from("ab 1\n\t*_`[]()<>!#-+|~\\&;:/.@\x00\ud800é\u200b\u202e"), max_size=300)


@given(st.one_of(st.text(max_size=300), MARKDOWNISH))
def test_never_raises_and_only_allowed_links(text: str) -> None:
    for blocks in (parse(text), parse_plain(text)):
        assert all(href.lower().startswith(SCHEMES) for href in links(blocks))
        assert depth(blocks) <= MAX_DEPTH + 2
        msgspec.json.encode(to_text(blocks))


@given(st.text(max_size=200))
def test_escaped_text_reads_as_written(text: str) -> None:
    flat = " ".join(text.replace("\x00", "").split())
    if flat and flat[0].isalpha() and flat.isprintable() and "://" not in flat and "@" not in flat and "&" not in flat:
        assert [n for n in nodes(parse(escape(flat))) if isinstance(n, Mark | Strong | Emphasis | Code)] == []


BAD = [
    "[",
    ">",
    "> ",
    "*a ",
    "**a",
    "- ",
    "`a``",
    "<a",
    "[a](b",
    "![a](",
    "http://",
    "a@",
    "|a",
    "&",
    "\\",
    "*a_\n",
    "[a\n",
    "1. ",
]


@pytest.mark.parametrize("piece", BAD)
def test_a_megabyte_of_one_thing_is_bounded(piece: str) -> None:
    """CPU time, since the machine may be busy: 100 000 characters are read, the rest is cut."""
    before = process_time()
    blocks = parse(piece * (1_000_000 // len(piece)))
    parse_plain(piece * (1_000_000 // len(piece)))
    assert process_time() - before < 10
    assert len(to_text(blocks)) < 4 * MAX_CHARS


def test_deep_nesting_is_flattened() -> None:
    assert depth(parse(">" * 500 + " x")) <= MAX_DEPTH + 1
    assert depth(parse("".join("  " * n + "- a\n" for n in range(200)))) <= MAX_DEPTH + 2
