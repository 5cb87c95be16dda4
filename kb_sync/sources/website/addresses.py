"""Addresses of pages: one spelling for each page, and which of them belong to a site; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from kb_sync.patterns import is_matched
from kb_sync.sources.website.settings import WebsiteSettings

TRACKING = re.compile(
    r"utm_\w+|gclid|gbraid|wbraid|dclid|fbclid|msclkid|yclid|twclid|ttclid|igshid|mc_cid|mc_eid|_ga|_gl|_hs\w+|mkt_tok",
    re.IGNORECASE,
)
"""Parameters that tell where a visitor came from, and change nothing of the page."""

DEFAULT_PORTS = {"http": 80, "https": 443}
LONGEST = 2_000
LOGIN = re.compile(r"/(?:log-?in|sign-?in|sso|oauth2?|saml2?|auth)(?:[/._-]|\Z)", re.IGNORECASE)


def canonical(address: str, base: str = "") -> str:
    """The one spelling of a page's address; "" for what is no web address."""
    try:
        parts = urlsplit(urljoin(base, address.strip()))
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return ""
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORTS or not host or parts.username is not None or len(address) > LONGEST:
        return ""
    host = f"[{host}]" if ":" in host else host
    place = host if port in (None, DEFAULT_PORTS[scheme]) else f"{host}:{port}"
    return urlunsplit((scheme, place, parts.path or "/", _query(parts.query), "")).replace(" ", "%20")


def _query(query: str) -> str:
    """Without tracking; what is left stays as it was written."""
    pairs = parse_qsl(query, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if not TRACKING.fullmatch(name)]
    return query if len(kept) == len(pairs) else urlencode(kept)


def is_login(address: str) -> bool:
    """Whether the path is one where people log in."""
    return LOGIN.search(urlsplit(address).path) is not None


@dataclass(frozen=True, slots=True)
class Site:
    """Which addresses are of the site: its host, below the folder of its ``url``, and as the patterns say."""

    settings: WebsiteSettings

    def has(self, address: str) -> bool:
        """Whether a canonical address is to be read."""
        parts, settings = urlsplit(address), self.settings
        if not self.is_here(address) or not parts.path.startswith(self._folder()):
            return False
        path = parts.path.removeprefix("/")
        return is_matched(path, settings.include) and not is_matched(path, settings.exclude)

    def is_here(self, address: str) -> bool:
        """Whether a canonical address is of the same host; http and https are one."""
        return _host(address) == _host(canonical(self.settings.url))

    def _folder(self) -> str:
        path = urlsplit(canonical(self.settings.url)).path
        return path[: path.rfind("/") + 1]


def _host(address: str) -> tuple[str, int | None]:
    parts = urlsplit(address)
    return parts.hostname or "", None if parts.port in DEFAULT_PORTS.values() else parts.port
