"""Public documents by id, so that a citation leads somewhere even when its document has no address of its own."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Iterable
from html import escape
from typing import Final, assert_never

from aiohttp import hdrs, web

from core import markup, reply
from core.ports.knowledge import Document
from gateway.http.problem import not_found
from gateway.http.web import json
from gateway.http.wire import DocumentView
from gateway.services import Services, services_of

PUBLIC: Final = "public"
STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #e3e7ec; --paper: #fff; --link: #2446b8 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ecf1; --soft: #9aa6b5; --line: #2c3541; --paper: #12161c; --link: #9db4ff } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.0625rem/1.65 system-ui, sans-serif;
  overflow-wrap: break-word }
main { max-width: 42rem; margin: 0 auto; padding: 3rem 1.25rem 5rem }
.from { color: var(--soft); font-size: .875rem; margin: 0 0 .5rem }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 1.5rem; text-wrap: balance }
h2, h3, h4, h5, h6 { line-height: 1.3; margin: 2.25rem 0 .5rem }
h2 { font-size: 1.35rem } h3 { font-size: 1.125rem } h4, h5, h6 { font-size: 1rem }
a { color: var(--link) }
pre, code { font: .9em ui-monospace, monospace }
pre { overflow-x: auto; padding: 1rem; border: 1px solid var(--line); border-radius: .5rem }
blockquote { margin: 1rem 0; padding-inline-start: 1rem; border-inline-start: 3px solid var(--line); color: var(--soft) }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: .95rem }
th, td { text-align: start; padding: .5rem .75rem; border-bottom: 1px solid var(--line); vertical-align: top }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .875rem }
"""
STYLE_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


async def _public_document(services: Services, document_id: str) -> tuple[Document, str]:
    """A document everybody may read, with its company's name; 404 alike for what is unknown or internal."""
    for tenant in services.tenants.values():
        document = await asyncio.to_thread(services.knowledge_store.document, tenant.id, document_id)
        if document is not None and document.audience == PUBLIC:
            return document, tenant.name
    raise not_found("document")


async def show_json(request: web.Request) -> web.Response:
    """The document for programs."""
    document, _ = await _public_document(services_of(request), request.match_info["document_id"])
    return json(
        DocumentView(
            document_id=document.id,
            external_id=document.external_id,
            source=document.source,
            title=document.title,
            url=document.url,
            language=document.language,
            category=document.category,
            body=document.body,
            updated_at=document.updated_at,
            synced_at=document.synced_at,
        )
    )


async def show_page(request: web.Request) -> web.Response:
    """The document for people: a plain page without scripts."""
    document, company = await _public_document(services_of(request), request.match_info["document_id"])
    headers = {"Content-Security-Policy": POLICY, hdrs.CACHE_CONTROL: "public, max-age=60"}
    return web.Response(text=page(document, company), content_type="text/html", headers=headers)


def page(document: Document, company: str) -> str:
    """The whole page; every foreign character is escaped."""
    language = escape(document.language or "en", quote=True)
    blocks = _without_title(markup.parse(document.body), document.title)
    link = ""
    if document.url and document.url.startswith(("http://", "https://")):
        href = escape(document.url, quote=True)
        link = f'<p><a href="{href}" rel="noopener nofollow">Read it on the site</a></p>'
    changed = document.updated_at or document.synced_at
    return (
        f'<!doctype html><html lang="{language}" dir="auto"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(document.title)} · {escape(company)}</title><style>{STYLE}</style></head><body><main>"
        f'<p class="from">{escape(company)}</p><h1 dir="auto">{escape(document.title)}</h1>'
        f"{blocks_html(blocks)}<footer>{link}"
        f'<p>As of <time datetime="{changed.date().isoformat()}">{changed.date().isoformat()}</time></p>'
        "</footer></main></body></html>"
    )


def _without_title(blocks: tuple[reply.Block, ...], title: str) -> tuple[reply.Block, ...]:
    """The body without a first heading that only says the title again."""
    first = blocks[0] if blocks else None
    if isinstance(first, reply.Heading) and markup.inline_text(first.children).strip() == title.strip():
        return blocks[1:]
    return blocks


def blocks_html(blocks: Iterable[reply.Block]) -> str:
    """Blocks as HTML."""
    return "".join(_block(block) for block in blocks)


def _block(block: reply.Block) -> str:
    match block:
        case reply.Paragraph(children):
            return f'<p dir="auto">{_inlines(children)}</p>'
        case reply.Heading(level, children):
            tag = f"h{min(6, max(2, level))}"
            return f'<{tag} dir="auto">{_inlines(children)}</{tag}>'
        case reply.CodeBlock(text):
            return f"<pre><code>{escape(text)}</code></pre>"
        case reply.Quote(children):
            return f"<blockquote>{blocks_html(children)}</blockquote>"
        case reply.Items():
            return _list(block)
        case reply.Table(rows):
            return _table(rows)
        case _:
            assert_never(block)


def _list(block: reply.Items) -> str:
    items = "".join(f"<li>{blocks_html(item)}</li>" for item in block.items)
    if block.start is None:
        return f"<ul>{items}</ul>"
    return f'<ol start="{block.start}">{items}</ol>'


def _table(rows: tuple[tuple[tuple[reply.Inline, ...], ...], ...]) -> str:
    parts = []
    for number, row in enumerate(rows):
        tag = "td" if number else 'th scope="col"'
        cells = "".join(f"<{tag}>{_inlines(cell)}</{tag[:2]}>" for cell in row)
        parts.append(f"<tr>{cells}</tr>")
    return f'<div class="wide"><table>{"".join(parts)}</table></div>'


def _inlines(children: Iterable[reply.Inline]) -> str:
    return "".join(_inline(child) for child in children)


def _inline(node: reply.Inline) -> str:
    match node:
        case reply.Text(text):
            return escape(text)
        case reply.Strong(children):
            return f"<strong>{_inlines(children)}</strong>"
        case reply.Emphasis(children):
            return f"<em>{_inlines(children)}</em>"
        case reply.Code(text):
            return f"<code>{escape(text)}</code>"
        case reply.Link(href, children):
            return f'<a href="{escape(href, quote=True)}" rel="noopener nofollow">{_inlines(children)}</a>'
        case reply.Mark(number):
            return f"[{number}]"
        case reply.Break():
            return "<br>"
        case _:
            assert_never(node)


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    return [
        web.get("/kb/documents/{document_id}", show_json),
        web.get("/kb/articles/{document_id}", show_page),
    ]
