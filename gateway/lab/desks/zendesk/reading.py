"""Comments' HTML as agents see it: nodes for the page, plain words for tests; what Zendesk would clean away is not shown."""

from __future__ import annotations

import html
from typing import Any

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString, PageElement, PreformattedString

Node = dict[str, Any]

CLEANED = frozenset(("script", "style", "iframe", "object", "embed", "form", "input", "svg", "head", "title"))
BOLD = {"b": "strong", "strong": "strong", "i": "em", "em": "em"}
BLOCKS = frozenset(
    ("p", "div", "ul", "ol", "li", "blockquote", "pre", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr")
)


def typed(text: str) -> str:
    """What an agent types in the editor, as the editor makes HTML of it."""
    parts = (part for part in text.split("\n\n") if part.strip())
    lines = (html.escape(part, quote=False).replace("\n", "<br>") for part in parts)
    return '<div class="zd-comment" dir="auto">' + "".join(f'<p dir="auto">{line}</p>' for line in lines) + "</div>"


def nodes(source: str) -> list[Node]:
    """HTML as the nodes that the page draws."""
    return _blocks(BeautifulSoup(f"<body>{source}</body>", "lxml").body)


def plain(source: str) -> str:
    """HTML as plain words, with the addresses of links."""
    return "\n\n".join(_text(node) for node in nodes(source)).strip()


def _blocks(tag: Tag | None) -> list[Node]:
    out: list[Node] = []
    run: list[Node] = []
    for child in tag.children if tag is not None else ():
        if isinstance(child, Tag) and child.name in BLOCKS:
            _end(run, out)
            out += _block(child)
        else:
            run += _inline(child)
    _end(run, out)
    return out


def _end(run: list[Node], out: list[Node]) -> None:
    if any(node["t"] != "text" or node["text"].strip() for node in run):
        out.append({"t": "p", "c": run.copy()})
    run.clear()


def _block(tag: Tag) -> list[Node]:
    match tag.name:
        case "pre":
            return [{"t": "pre", "text": tag.get_text()}]
        case "blockquote":
            return [{"t": "quote", "b": _blocks(tag)}]
        case "ul" | "ol":
            start = int(str(tag.get("start") or "1")) if tag.name == "ol" else None
            items = [_blocks(item) for item in tag.find_all("li", recursive=False)]
            return [{"t": "list", "start": start, "items": items}]
        case "table":
            rows = [[_inlines(cell) for cell in row.find_all(("td", "th"))] for row in tag.find_all("tr")]
            return [{"t": "table", "rows": rows}]
        case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
            return [{"t": "h", "level": int(tag.name[1]), "c": _inlines(tag)}]
    return _blocks(tag)


def _inlines(tag: Tag) -> list[Node]:
    return [node for child in tag.children for node in _inline(child)]


def _inline(child: PageElement) -> list[Node]:
    if isinstance(child, NavigableString):
        return [] if isinstance(child, PreformattedString) else [{"t": "text", "text": str(child)}]
    if not isinstance(child, Tag) or child.name in CLEANED:
        return []
    if child.name == "br":
        return [{"t": "br"}]
    if child.name == "code":
        return [{"t": "code", "text": child.get_text()}]
    if child.name in BOLD:
        return [{"t": BOLD[child.name], "c": _inlines(child)}]
    if child.name == "a":
        return [{"t": "a", "href": str(child.get("href") or ""), "c": _inlines(child)}]
    return _inlines(child)


def _text(node: Node) -> str:
    match node["t"]:
        case "br":
            return "\n"
        case "quote":
            return "\n".join(f"> {_text(child)}" for child in node["b"])
        case "list":
            first = node["start"]
            leads = ["- " if first is None else f"{first + place}. " for place in range(len(node["items"]))]
            bodies = ("\n".join(_text(child) for child in item) for item in node["items"])
            return "\n".join(lead + body for lead, body in zip(leads, bodies, strict=True))
        case "table":
            return "\n".join(" | ".join("".join(map(_text, cell)) for cell in row) for row in node["rows"])
        case "a":
            words = "".join(map(_text, node["c"]))
            return words if words == node["href"] else f"[{words}]({node['href']})"
    return str(node["text"]) if "text" in node else "".join(map(_text, node.get("c", ())))
