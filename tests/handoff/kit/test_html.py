"""Our Markdown as a helpdesk's HTML, and what agents type there as our Markdown."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import markup
from core.reply import Code, Heading, Items, Link, Paragraph, Quote, Strong, Table, Text
from handoff.kit.html import from_html, to_html
from handoff.kit.markdown import from_plain, to_markdown

WRITTEN = "a b*_`[]()<>!&\\#-+=|~:.1\n\té\u00a0https://x.io/a_b"
TAGS = ["b", "i", "p", "ul", "ol", "li", "blockquote", "pre", "code", "table", "tr", "td", "div", "h2", "script"]
ODD = ["<br>", "<a href='https://x.io/(a)'>", "</a>", "&nbsp;", "&lt;", "&amp;amp;", "<!-- x -->", "<img src=x alt=y>"]
WORDS = [*WRITTEN, "word", "two words", "1. ", "- ", "[1]", "](x)", "<", "**"]
PIECES = st.sampled_from([*(f"<{tag}>" for tag in TAGS), *(f"</{tag}>" for tag in TAGS), *ODD, *WORDS])


def words(markdown: str) -> str:
    return " ".join(markup.to_text(markup.parse(markdown)).split())


def letters(markdown: str) -> str:
    """Without the signs and numbers of lists, which an empty item does not keep."""
    return "".join(filter(str.isalpha, words(markdown)))


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**Hi** *you*, see `x < y`", "<p><strong>Hi</strong> <em>you</em>, see <code>x &lt; y</code></p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ('[a](https://x.io/?q="1"&b=2)', '<p><a href="https://x.io/?q=%221%22&amp;b=2">a</a></p>'),
        ("[go](javascript:alert(1))", "<p>go</p>"),
        ("![cat](https://x.io/cat.png)", '<p><a href="https://x.io/cat.png">cat</a></p>'),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("one\\\ntwo", "<p>one<br>two</p>"),
        ("> said [1]", "<blockquote><p>said [1]</p></blockquote>"),
        (
            "| a | b |\n|---|---|\n| 1 | 2 |",
            "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>",
        ),
    ],
)
def test_markdown_becomes_a_small_set_of_elements(markdown: str, html: str) -> None:
    assert to_html(markdown) == html


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        (
            '<div class="zd-comment" dir="auto"><p>Hello Ann!</p><p>&nbsp;</p><p>It is <b>sent</b>.</p></div>',
            "Hello Ann!\n\nIt is **sent**.",
        ),
        ("one<br>two<br><br>three", "one  \ntwo\n\nthree"),
        ("<b>bold </b>and<i> slanted</i>", "**bold** and *slanted*"),
        ("<b>a</b><b>b</b>", "**ab**"),
        ("<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>", "- a\n- b\n  - c"),
        ('<ol start="4"><li>a</li></ol>', "4. a"),
        ('see <a href="https://x.io/a">this</a>', "see [this](https://x.io/a)"),
        ('<a href="https://x.io/a_b">https://x.io/a_b</a>', "https://x.io/a_b"),
        ('<a href="javascript:alert(1)">x</a><script>alert(2)</script><style>p{}</style>', "x"),
        ("<pre>a\n  b</pre>", "```\na\n  b\n```"),
        ("/send 1", "/send 1"),
        ("Is this snake_case, 50% & right? Yes! (a) [b]", "Is this snake_case, 50% & right? Yes! (a) [b]"),
        ("# no heading", "\\# no heading"),
        ("1. no list", "1\\. no list"),
        ("see [1]", "see \\[1]"),
        ("", ""),
        ("<p> \n </p>", ""),
    ],
)
def test_what_agents_type_becomes_markdown(html: str, markdown: str) -> None:
    assert from_html(html) == markdown


def test_pictures_that_come_as_files_are_not_named_twice() -> None:
    html = 'Look: <img src="https://desk.example/attachments/1.png" alt="1.png"> there'
    assert from_html(html, without={"https://desk.example/attachments/1.png"}) == "Look: there"
    assert from_html(html) == "Look: [1.png](https://desk.example/attachments/1.png) there"


def test_tables_are_kept_and_layout_is_not() -> None:
    assert markup.parse(from_html("<table><tr><td>a|b</td><td>c</td></tr><tr><td>d</td></tr></table>")) == (
        Table((((Text("a|b"),), (Text("c"),)), ((Text("d"),), ()))),
    )
    assert from_html("<table><tr><td><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>")
    assert from_html("<table><tr><td>Only <b>words</b></td></tr></table>") == "Only **words**"


@pytest.mark.parametrize(
    "html", ["http://x.io/only-an-address", "report.html", "<?xml version='1.0'?><p>x</p>", "<p>" * 3_000 + "deep"]
)
def test_odd_input_is_read_without_a_warning(html: str) -> None:
    assert words(from_html(html))


def test_marks_that_markdown_cannot_say_lose_the_mark_and_no_word() -> None:
    assert words(from_html("<b>stop!</b>now")) == "stop!now"


@given(st.lists(PIECES, max_size=30).map("".join))
@example("<table><tr><td><p>a</p></td><td>b</td></tr></table>")
@example("<b><p>a</p></b>")
def test_reading_back_what_was_read_changes_nothing(html: str) -> None:
    once = from_html(html)
    again = from_html(to_html(once))
    assert words(again) == words(once)


@given(st.text(WRITTEN, max_size=60))
def test_plain_words_stay_what_they_are(text: str) -> None:
    assert words(from_plain(text)) == " ".join(markup.to_text(markup.parse_plain(text)).split())


@given(st.text(WRITTEN, max_size=60))
def test_words_survive_the_way_to_the_desk_and_back(markdown: str) -> None:
    assert letters(from_html(to_html(markdown))) == letters(markdown)


def test_a_whole_tree_is_read_back_as_it_was() -> None:
    tree = (
        Heading(2, (Text("Refund"),)),
        Paragraph((Text("Say "), Strong((Text("now"),)), Text(": "), Code("a`b"))),
        Quote((Paragraph((Text("she said"),)),)),
        Items(None, ((Paragraph((Link("https://x.io", (Text("x"),)),)),), (Paragraph((Text("y"),)),))),
    )
    assert markup.parse(to_markdown(tree)) == tree
