"""Confluence's storage format as HTML: what a reader sees, macros resolved or left out.

The format is XML: HTML's tags with ``ac:`` (macros, layouts, tasks, links, images) and ``ri:`` (what those point at) beside them
(Confluence docs, "Confluence storage format", checked 2026-11).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from typing import Final
from urllib.parse import quote_plus

from lxml import etree

from core.errors import DocumentRejected
from kb_sync.text import CONTROL, LINE_ENDS

AC: Final = "{urn:ac}"
RI: Final = "{urn:ri}"
CODE: Final = frozenset(("code", "noformat"))
FRAMES: Final = frozenset(
    ("info", "tip", "note", "warning", "panel", "expand", "excerpt", "details", "section", "column")
)
"""Macros that only frame their text."""

HIDEABLE: Final = frozenset(("excerpt", "details"))
KEPT_ATTRIBUTES: Final = ("href", "style", "alt", "colspan", "rowspan", "datetime")
WHOLE: Final = frozenset(("layout", "layout-section", "layout-cell", "rich-text-body", "adf-content", "task-body"))
"""Tags of Confluence's own that are a block around what they hold."""

_CDATA = re.compile(r"(<!\[CDATA\[.*?\]\]>)", re.DOTALL)
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_XML_ENTITIES = frozenset(("amp", "lt", "gt", "quot", "apos"))
_NOT_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
_SHORT_NAME = re.compile(r":[^:\s]+:")


@dataclass(slots=True)
class Reading:
    """One page on its way to HTML: where its links lead, and the macros that were left out with words in them."""

    base: str
    space: str
    left_out: set[str] = field(default_factory=set)

    def page_url(self, title: str, space: str) -> str:
        """The address by which Confluence finds a page by its title; links name pages so, without an id."""
        return f"{self.base}/display/{quote_plus(space or self.space)}/{quote_plus(title)}"


def storage_html(storage: str, *, title: str, base: str, space: str) -> tuple[bytes, frozenset[str]]:
    """A page as HTML, its title being the only heading in front, and the names of macros that were left out with their words.

    ``base`` is the site's address with ``/wiki``, ``space`` the key of the page's space.  ``DocumentRejected`` when it is no
    well-formed XML, which Confluence itself never stores.
    """
    reading = Reading(base=base, space=space)
    body = "".join(_inside(_tree(storage), reading))
    page = f"<html><body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    return page.encode("utf-8", "replace"), frozenset(reading.left_out)


def _tree(storage: str) -> etree._Element:
    text = _NOT_XML.sub("", CONTROL.sub("", LINE_ENDS.sub("\n", storage)))
    parts = _CDATA.split(text)
    text = "".join(part if part.startswith("<![CDATA[") else _ENTITY.sub(_character, part) for part in parts)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        return etree.fromstring(f'<page xmlns:ac="urn:ac" xmlns:ri="urn:ri">{text}</page>', parser)
    except etree.XMLSyntaxError as error:
        line = error.lineno or 1
        raise DocumentRejected(f"its storage format is not well-formed XML, see line {line}") from None


def _character(entity: re.Match[str]) -> str:
    """HTML's named characters, which XML does not know."""
    return entity[0] if entity[1] in _XML_ENTITIES else escape(unescape(entity[0]))


def _inside(element: etree._Element, reading: Reading) -> Iterator[str]:
    yield escape(element.text or "")
    for child in element:
        yield from _element(child, reading)
        yield escape(child.tail or "")


def _element(element: etree._Element, reading: Reading) -> Iterator[str]:
    tag = element.tag
    if tag.startswith(RI):
        return
    if tag.startswith(AC):
        yield from _own(element, tag.removeprefix(AC), reading)
        return
    given = "".join(f' {name}="{escape(element.get(name, ""))}"' for name in KEPT_ATTRIBUTES if element.get(name))
    if tag == "time":
        yield escape(element.get("datetime", ""))
    if tag in ("br", "hr", "img", "col"):
        yield f"<{tag}{given}/>"
        return
    yield f"<{tag}{given}>"
    yield from _inside(element, reading)
    yield f"</{tag}>"


def _own(element: etree._Element, name: str, reading: Reading) -> Iterator[str]:
    """A tag of Confluence's own; one that is not known here is left out."""
    if name in WHOLE:
        yield "<div>"
        yield from _inside(element, reading)
        yield "</div>"
    elif (found := _OWN.get(name)) is not None:
        yield from found(element, reading)


def _macro(element: etree._Element, reading: Reading) -> Iterator[str]:
    name = element.get(f"{AC}name", "")
    told = {each.get(f"{AC}name", ""): (each.text or "").strip() for each in element.findall(f"{AC}parameter")}
    body = element.find(f"{AC}rich-text-body")
    title = f"<p><strong>{escape(told['title'])}</strong></p>" if told.get("title") else ""
    if name in CODE:
        yield f"{title}<pre>{escape(element.findtext(f'{AC}plain-text-body') or '')}</pre>"
    elif name in FRAMES:
        if body is not None and not (name in HIDEABLE and told.get("hidden") == "true"):
            yield f"<div>{title}"
            yield from _inside(body, reading)
            yield "</div>"
    elif name == "status":
        yield escape(told.get("title", ""))
    elif _has_words(element):
        reading.left_out.add(name)


def _has_words(element: etree._Element) -> bool:
    """Whether there are words in a macro's body, beside its parameters."""
    bodies = (element.find(f"{AC}rich-text-body"), element.find(f"{AC}plain-text-body"))
    return any("".join(map(str, body.itertext())).strip() for body in bodies if body is not None)


def _link(element: etree._Element, reading: Reading) -> Iterator[str]:
    page = element.find(f"{RI}page")
    title = "" if page is None else page.get(f"{RI}content-title", "")
    body = element.find(f"{AC}link-body")
    plain = element.findtext(f"{AC}plain-text-link-body") or title
    words = escape(plain) if body is None else "".join(_inside(body, reading))
    if not title or page is None:
        yield words
        return
    url = reading.page_url(title, page.get(f"{RI}space-key", ""))
    yield f'<a href="{escape(url)}">{words}</a>'


def _image(element: etree._Element, reading: Reading) -> Iterator[str]:
    yield f'<img alt="{escape(element.get(f"{AC}alt", ""))}"/>'


def _emoticon(element: etree._Element, reading: Reading) -> Iterator[str]:
    shown = element.get(f"{AC}emoji-fallback", "")
    yield "" if _SHORT_NAME.fullmatch(shown) else escape(shown)


def _tasks(element: etree._Element, reading: Reading) -> Iterator[str]:
    yield "<ul>"
    for task in element.findall(f"{AC}task"):
        body = task.find(f"{AC}task-body")
        if body is not None:
            yield "<li>"
            yield from _inside(body, reading)
            yield "</li>"
    yield "</ul>"


def _marked(element: etree._Element, reading: Reading) -> Iterator[str]:
    """Words that somebody commented on."""
    yield from _inside(element, reading)


def _extension(element: etree._Element, reading: Reading) -> Iterator[str]:
    """What the newer editor stores of its own panels; their fallback says the same once more."""
    for content in element.iterfind(f"{AC}adf-node/{AC}adf-content"):
        yield "<div>"
        yield from _inside(content, reading)
        yield "</div>"


_OWN: Final[Mapping[str, Callable[[etree._Element, Reading], Iterator[str]]]] = {
    "structured-macro": _macro,
    "macro": _macro,
    "link": _link,
    "image": _image,
    "emoticon": _emoticon,
    "task-list": _tasks,
    "inline-comment-marker": _marked,
    "adf-extension": _extension,
}
"""Everything else of ``ac:`` is left out: parameters, placeholders of templates, numbers of tasks."""
