"""What a site lets us do: robots.txt (RFC 9309), and what a page says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from core.errors import SourceUnavailable
from kb_sync.kit.http import Refused, Web, WebError
from kb_sync.kit.problems import said

LARGEST_BYTES = 500 * 1024
"""RFC 9309 2.5: so much is read at least; what follows is left out."""

LONGEST_DELAY_S = 30.0
"""Who asks for more time between calls gets this."""

NOT_SHOWN = {"noindex", "none"}
NOT_FOLLOWED = {"nofollow", "none"}
_OF_ROBOT = re.compile(r"\s*([a-z][a-z0-9_-]*)\s*:\s*(.*)", re.IGNORECASE | re.DOTALL)
_VALUED = {"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"}


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules for ``robot``; ``rules`` None allows all."""

    robot: str
    rules: Any = None

    def allows(self, address: str) -> bool:
        """Whether a page may be fetched."""
        return self.rules is None or bool(self.rules.can_fetch(address, self.robot))

    @property
    def delay_s(self) -> float:
        """Crawl-delay, which is no part of the standard and is heeded all the same."""
        delay = None if self.rules is None else self.rules.crawl_delay(self.robot)
        return min(max(float(delay or 0), 0.0), LONGEST_DELAY_S)

    @property
    def sitemaps(self) -> tuple[str, ...]:
        """Sitemaps that it names."""
        return () if self.rules is None else tuple(self.rules.sitemaps)


def read_robots(web: Web, origin: str, robot: str) -> Robots:
    """The rules of a site; none (a 4xx) allow all, and rules that cannot be had forbid all: ``SourceUnavailable``."""
    try:
        page = web.get(f"{origin}/robots.txt", limit_bytes=10 * LARGEST_BYTES)
    except Refused as error:
        if 400 <= error.status < 500 and error.status != 429:
            return Robots(robot)
        raise _forbidden(error) from error
    except WebError as error:
        raise _forbidden(error) from error
    text = page.body[:LARGEST_BYTES].decode("utf-8", "replace").removeprefix("\ufeff")
    return Robots(robot, import_module("protego").Protego.parse(text))


def _forbidden(error: WebError) -> SourceUnavailable:
    return SourceUnavailable(f"nothing may be read before robots.txt can be: {said(error)}")


def directives(said_by: Iterable[str], robot: str) -> set[str]:
    """Words of X-Robots-Tag headers and robots meta tags that are for us, lower-case."""
    found: set[str] = set()
    for line in said_by:
        named = _OF_ROBOT.fullmatch(line)
        is_addressed = named is not None and named.group(1).lower() not in _VALUED
        if named is None or not is_addressed:
            found |= _words(line)
        elif named.group(1).lower() == robot.lower():
            found |= _words(named.group(2))
    return found - {""}


def _words(line: str) -> set[str]:
    return {word.strip().lower() for word in line.split(",")}
