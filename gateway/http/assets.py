"""The widget's files: read once at start, freed of comments, compressed once, cached for ever under their content's version.

Every reference from file to file gets ``?v=<version>``, so that only the loader and the frame are asked for again.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

import adapters.web
from core.errors import AccountUnknown
from gateway.http.origins import frame_ancestors
from gateway.http.problem import not_found
from gateway.services import services_of

FOLDER: Final = Path(adapters.web.__file__).parent / "widget"
TYPES: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
TEXT_TYPES: Final = frozenset((".js", ".css", ".html", ".svg", ".json"))
FRAME: Final = "frame.html"
LOADER: Final = "loader.js"

FOR_EVER: Final = "public, max-age=31536000, immutable"
FIVE_MINUTES: Final = "public, max-age=300"
ASK_AGAIN: Final = "no-cache"

FRAME_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'"
)
# `from "./x.js"`, `import("./x.js")`, `url(./x.svg)`, `src="x.js"`, `href="x.css"`: a relative name with a known ending.
_REFERENCE: Final = re.compile(
    r"""(?P<lead>(?:\bfrom\s*|\bimport\s*\(?\s*|\bsrc=|\bhref=|\burl\()["']?)"""
    r"""(?P<name>(?:\.{1,2}/|/widget/v1/)*[A-Za-z0-9_\-/]+\.(?:js|css|svg|png|woff2))(?P<end>["')])"""
)
# Comments that stand on lines of their own, indentation, and line ends that mean nothing: a fifth of the bytes on the wire.
_COMMENT: Final = re.compile(rb"^[ \t]*(?:/\*.*?\*/[ \t]*|//[^\n]*)\n", re.MULTILINE | re.DOTALL)
_INDENT: Final = re.compile(rb"^[ \t]+", re.MULTILINE)
_NEEDLESS_END: Final = re.compile(rb"^((?:(?!//)[^\n])*[{;,])\n", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file, ready to send; ``packed`` is its gzip form, None when that is no smaller."""

    body: bytes
    packed: bytes | None
    media_type: str
    etag: str


class Assets:
    """All files of the widget under one version, the digest of everything."""

    def __init__(self, folder: Path = FOLDER) -> None:
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in _listed(folder)}
        self.version = hashlib.sha256(b"".join(_named(name, files[name]) for name in sorted(files))).hexdigest()[:12]
        self.files = {name: self._asset(name, raw) for name, raw in files.items()}

    def _asset(self, name: str, raw: bytes) -> Asset:
        suffix = Path(name).suffix
        raw = lean(raw) if suffix in (".js", ".css") else raw
        body = self._versioned(raw) if suffix in (".js", ".css", ".html") and name != LOADER else raw
        packed = gzip.compress(body, 9, mtime=0) if suffix in TEXT_TYPES else None
        return Asset(
            body=body,
            packed=packed if packed is not None and len(packed) < len(body) else None,
            media_type=TYPES[suffix],
            etag=f'"{hashlib.sha256(body).hexdigest()[:16]}"',
        )

    def _versioned(self, raw: bytes) -> bytes:
        text = raw.decode("utf-8")
        return _REFERENCE.sub(rf"\g<lead>\g<name>?v={self.version}\g<end>", text).encode("utf-8")


def lean(source: bytes) -> bytes:
    """A script or style sheet without its comment lines, its indentation, and the line ends after ``{``, ``;`` and ``,``.

    Line by line on purpose: a comment behind code stays, and so does the end of its line.  So no text of ours may have a line
    that begins like a comment.
    """
    return _NEEDLESS_END.sub(rb"\1", _INDENT.sub(b"", _COMMENT.sub(b"", source)))


def _listed(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in TYPES)


def _named(name: str, raw: bytes) -> bytes:
    return f"{name}\n{len(raw)}\n".encode() + raw


ASSETS: web.AppKey[Assets] = web.AppKey("frontdesk_widget_assets", Assets)


def _answer(request: web.Request, asset: Asset, headers: dict[str, str]) -> web.Response:
    headers = {**headers, hdrs.ETAG: asset.etag, hdrs.VARY: "Accept-Encoding"}
    if asset.etag in request.headers.get(hdrs.IF_NONE_MATCH, ""):
        return web.Response(status=304, headers=headers)
    body = asset.body
    if asset.packed is not None and "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
        body = asset.packed
        headers[hdrs.CONTENT_ENCODING] = "gzip"
    charset = "utf-8" if asset.media_type.startswith("text/") else None
    return web.Response(body=body, content_type=asset.media_type, charset=charset, headers=headers)


async def serve(request: web.Request) -> web.Response:
    """One file of the widget."""
    assets = request.config_dict[ASSETS]
    name = request.match_info["name"]
    asset = assets.files.get(name)
    if asset is None or name == FRAME:
        raise not_found("file")
    caching = FIVE_MINUTES if name == LOADER else ASK_AGAIN
    if request.query.get("v") == assets.version:
        caching = FOR_EVER
    # Shown by other people's pages: the loader is a script of theirs.
    return _answer(request, asset, {hdrs.CACHE_CONTROL: caching, "Cross-Origin-Resource-Policy": "cross-origin"})


async def frame(request: web.Request) -> web.Response:
    """The page inside the widget's iframe; only the account's own sites may frame it."""
    services = services_of(request)
    account = services.accounts.get(request.query.get("account", ""))
    if account is None and len(services.accounts) == 1 and "account" not in request.query:
        account = next(iter(services.accounts.values()))
    if account is None:
        raise AccountUnknown("No such account.")
    asset = request.config_dict[ASSETS].files.get(FRAME)
    if asset is None:
        raise not_found("file")
    headers = {
        hdrs.CACHE_CONTROL: ASK_AGAIN,
        "Content-Security-Policy": f"{FRAME_POLICY}; {frame_ancestors(account)}",
        "Referrer-Policy": "no-referrer",
    }
    return _answer(request, asset, headers)


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    return [web.get("/widget/v1/frame", frame), web.get("/widget/v1/{name:.+}", serve)]
