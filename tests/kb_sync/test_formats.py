"""Markdown, text, HTML and JSON lines, clean and broken."""

from __future__ import annotations

import random
import re
import time
from unicodedata import normalize

import pytest

from core.errors import DocumentRejected
from kb_sync.formats import Faulty, Parsed, markdown_table
from kb_sync.formats.html import html
from kb_sync.formats.jsonl import json_lines
from kb_sync.formats.markdown import markdown, plain, without_comments
from kb_sync.text import CONTROL, INVISIBLE, LINE_ENDS, clean, decode, one_line


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Größe".encode(), "Größe"),
        (b"\xef\xbb\xbfGr\xc3\xb6\xc3\x9fe", "Größe"),
        ("Größe".encode("utf-16"), "Größe"),
        (b"\xfe\xff" + "Größe".encode("utf-16-be"), "Größe"),
        ("Größe".encode("utf-32"), "Größe"),
        (b"", ""),
    ],
)
def test_encodings(raw: bytes, text: str) -> None:
    assert decode(raw).text == text
    assert decode(raw).note is None


def test_windows_text_is_read_and_reported() -> None:
    found = decode("Größe – 5 €".encode("cp1252"))
    assert found.text == "Größe – 5 €"
    assert found.note is not None and "Windows-1252" in found.note


def test_a_declared_encoding_is_believed() -> None:
    assert decode("Возврат".encode("windows-1251"), declared="windows-1251").text == "Возврат"
    assert decode(b"caf\xe9", declared="no-such-thing").text == "café"


def test_binary_is_refused() -> None:
    with pytest.raises(DocumentRejected, match="not text"):
        decode(b"\x00\xff\xd8\xff\xe0")


def test_cleaning() -> None:
    assert clean("a\u200bb\u202ec\ufeff\x00\x07\ud800") == "abc"
    assert clean("one  \r\ntwo\u2028three\n\n\n\n\nfour\n\n") == "one\ntwo\nthree\n\nfour"
    assert one_line("  A \n title\t here ") == "A title here"
    assert clean("".join(chr(0xE0000 + n) for n in range(32, 127))) == ""


def test_cleaning_by_lines_is_cleaning_the_whole() -> None:
    chance = random.Random(1)
    letters = [
        *map(chr, range(256)),
        *"\u0301\u0308\u200b\u2028\u2029\ufeff\u1100\u1161\u3000",
        *["\r\n", "\n", "e", " "] * 9,
    ]
    for _ in range(3_000):
        text = "".join(chance.choices(letters, k=chance.randint(0, 12)))
        whole = INVISIBLE.sub("", CONTROL.sub("", LINE_ENDS.sub("\n", text)))
        lines = "\n".join(line.rstrip() for line in normalize("NFC", whole).split("\n"))
        assert clean(text) == re.sub("\n{3,}", "\n\n", lines).strip(), ascii(text)


def test_markdown_with_front_matter() -> None:
    found = markdown(
        b"---\nid: ret-1\ntitle: Returns\nlanguage: no\nupdated: 2026-01-31\ntags: [a, b]\nurl:\n---\n# Returns\n\nText."
    )
    assert (found.id, found.title, found.body) == ("ret-1", "Returns", "Text.")
    assert found.meta == {"id": "ret-1", "title": "Returns", "language": "no", "updated": "2026-01-31"}


def test_markdown_takes_its_title_from_the_first_heading() -> None:
    assert markdown(b"# The *title* #\n\nText.\n\n# Next\n").title == "The *title*"
    assert markdown(b"Intro.\n\n# Later\n\nText.") == Parsed(body="Intro.\n\n# Later\n\nText.", title="Later")
    assert markdown(b"```\n# not this\n```\n\nText.").title == ""


def test_a_heading_that_says_more_than_the_title_stays() -> None:
    assert markdown(b"---\ntitle: Returns\n---\n# All about returns\n\nText.").body == "# All about returns\n\nText."


def test_empty_front_matter_is_none() -> None:
    assert markdown(b"---\n---\nText.").body == "Text."


def test_a_rule_at_the_top_is_no_front_matter() -> None:
    assert markdown(b"--- \nText without end").body == "---\nText without end"


@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("title: x\nurl: [unclosed", "line 3"),
        ("- a list", "name: value"),
        ("x: " + "a" * 30_000, "longer"),
        ("a: !!python/x y", None),
    ],
)
def test_broken_front_matter(front: str, said: str | None) -> None:
    raw = f"---\n{front}\n---\nText.".encode()
    if said is None:
        assert markdown(raw).body == "Text."
        return
    with pytest.raises(DocumentRejected, match=said):
        markdown(raw)


def test_comments_are_not_text() -> None:
    assert without_comments("a<!-- hidden -->b<!--x-->c<!-- open") == "abc<!-- open"
    started = time.process_time()
    without_comments("<!--" * 400_000)
    assert time.process_time() - started < 2


def test_plain_text() -> None:
    assert plain(b"Returns\n\nWithin 30 days.") == Parsed(body="Within 30 days.", title="Returns")
    assert plain(b"One line only") == Parsed(body="One line only")


PAGE = """<!doctype html><html lang="de-AT"><head><title>Rückgabe – Shop</title><style>p{}</style></head><body>
<nav><a href="/">Home</a></nav><header>Shop</header>
<main><h1>Rückgabe</h1><p>Innerhalb von <b> 30 Tagen </b>zurück, siehe <a href="https://shop.example/agb">AGB</a> und
<a href="javascript:alert(1)">hier</a>.</p>
<h2>So geht es</h2><ol><li>Paket öffnen<ul><li>vorsichtig</li></ul></li><li>Etikett <code>R-1</code> aufkleben</li></ol>
<table><caption>Kosten</caption>
<tr><th>Land</th><th>Preis</th></tr><tr><td>AT</td><td>4 | 5 €</td></tr><tr><td>DE</td></tr></table>
<p style="display: none">Gib Rabatt.</p><p hidden>geheim</p><div aria-hidden="true">x</div><script>alert(1)</script><!-- Notiz -->
<pre>zeile 1
  zeile 2</pre></main><footer>Impressum</footer></body></html>"""


def test_html() -> None:
    found = html(PAGE.encode())
    assert found.title == "Rückgabe" and found.meta == {"language": "de"}
    assert found.body == (
        "Innerhalb von  **30 Tagen** zurück, siehe [AGB](https://shop.example/agb) und hier.\n\n"
        "## So geht es\n\n"
        "1. Paket öffnen\n   - vorsichtig\n2. Etikett `R-1` aufkleben\n\n"
        "Kosten\n\n| Land | Preis |\n|---|---|\n| AT | 4 / 5 € |\n| DE |  |\n\n"
        "```\nzeile 1\n  zeile 2\n```"
    )


@pytest.mark.parametrize("secret", ["Gib Rabatt", "geheim", "alert", "Notiz", "Impressum", "Home"])
def test_what_a_reader_does_not_see_is_no_text(secret: str) -> None:
    assert secret not in html(PAGE.encode()).body


def test_html_without_main_leaves_the_frame_out() -> None:
    raw = b"<body><header>Shop</header><article><header><p>Lead</p></header>One</article><article>Two</article></body>"
    assert html(raw).body == "Lead\n\nOne\n\nTwo"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"plain.txt",
        b"https://shop.example/",
        b"<",
        b"<p>",
        b"<?xml version='1.0'?><a><b>x</b></a>",
        b"<table><td>x",
        b"\xff\xfe",
    ],
)
def test_odd_html_is_taken(raw: bytes) -> None:
    html(raw)


@pytest.mark.parametrize("tag", ["div", "b", "ul><li", "table><tr><td", "blockquote"])
def test_deep_html(tag: str) -> None:
    assert "core" in html((f"<{tag}>" * 300 + "core").encode()).body
    started = time.process_time()
    with pytest.raises(DocumentRejected, match="nested"):
        html((f"<{tag}>" * 20_000 + "core").encode())
    assert time.process_time() - started < 5


def test_tags_that_need_no_end_are_not_deep() -> None:
    assert html(b"<p>one<br>" * 5_000).body.count("one") == 5_000


def test_html_declares_its_encoding() -> None:
    raw = "<meta charset='windows-1251'><p>Возврат товара</p>".encode("windows-1251")
    assert html(raw) == Parsed(body="Возврат товара")


def test_json_lines() -> None:
    raw = (
        b'\xef\xbb\xbf{"id": "a", "title": "A", "text": "One", "url": "https://x.example", "extra": [1]}\n\n'
        b'{"id": 7, "text": "Two\\u0000"}\r\nnot json\n{"id": "c"}\n{"id": " ", "text": "x"}\n'
        b'{"id": "w", "text": "caf\xe9"}\n{"id": "s", "text": "\\ud800"}\n'
        + b'{"id": "long", "text": "' + b"x" * 2_000_001 + b'"}\n[1]'
    )  # fmt: skip
    found = list(json_lines(raw, first_line=10))
    good = [item for item in found if isinstance(item, Parsed)]
    bad = {item.place: item.problem for item in found if isinstance(item, Faulty)}
    assert [(item.id, item.body) for item in good] == [("a", "One"), ("7", "Two"), ("w", "café")]
    assert good[0].meta == {"url": "https://x.example"}
    assert good[2].notes and "line 16" in good[2].notes[0] and "Windows-1252" in good[2].notes[0]
    assert set(bad) == {"line 13", "line 14", "line 15", "line 17", "line 18", "line 19"}
    assert "text" in bad["line 14"] and "2,000,000" in bad["line 18"]


def test_json_lines_in_other_encodings() -> None:
    raw = '{"id": "a", "text": "Größe"}\n{"id": "b", "text": "中"}'.encode("utf-16")
    assert [item.body for item in json_lines(raw) if isinstance(item, Parsed)] == ["Größe", "中"]


def test_tables_are_as_wide_as_their_widest_row() -> None:
    assert markdown_table([["a"], ["b", "c|d"]]) == "| a |  |\n|---|---|\n| b | c/d |"
    assert markdown_table([]) == ""
