"""Links of a sentence, and whether they may be shown: only where the evidence or the operator leads already.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from core import late
from core.guard.facts import URL, canonical_url
from core.guard.plain import LINK
from core.words import listed

_AUTOLINK = late.pattern(r"<([a-z][a-z0-9+.-]{1,20}:[^\s<>]+)>", re.IGNORECASE)
_DOMAIN = late.pattern(
    r"(?<![\w@./-])(?:[a-z0-9\u0080-\uffff](?:[\w-]{0,61}\w)?\.)+(?P<top>[a-z\u0080-\uffff]{2,18})(?![\w@-])"
    r"(?:[/?][^\s<>\"')\]]*)?",
    re.IGNORECASE,
)
_REFERENCE = late.pattern(r"^\s{0,3}\[[^\]]{1,200}\]:\s*(\S+)", re.MULTILINE)
_TOPS = listed(
    "com org net edu gov info biz io co app dev ai eu de uk fr es it nl pt at ch be pl se no dk fi ie us ca au br "
    "in jp cn ru ua tr gr cz hu ro mx ar cl xyz top site online store shop club live click link support help tech "
    "cloud page web me tv cc ly gg to sh zip example test"
)
"""Endings that make "name.ending" a host to a reader; "setup.py" is a file."""

_HTML = late.pattern(
    r"<\s*(?:a|img|iframe|script|form|object|embed|link|svg|style|base|meta|video|audio)\b", re.IGNORECASE
)

_MAY_LEAD = late.pattern(r"\.[a-z\u0080-\uffff]|://|www\.|\]\(|\]:|<", re.IGNORECASE)
"""Something of this stands in every sentence with a link or markup; most sentences have none."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link: where it leads, as written, and the words it stands on ("" for a bare address)."""

    target: str
    words: str = ""


def links(sentence: str) -> Iterator[Link]:
    """Markdown links and pictures, autolinks, bare addresses and bare domains of a sentence."""
    rest = sentence
    for m in LINK.finditer(sentence):
        yield Link(m["target"], m["text"])
        rest = rest.replace(m[0], " ", 1)
    for pattern in (_AUTOLINK, _REFERENCE):
        for m in pattern.finditer(rest):
            yield Link(m[1])
        rest = pattern.sub(" ", rest)
    for m in URL.finditer(rest):
        yield Link(m[0].rstrip(".,;:!?*_`~"))
    for m in _DOMAIN.finditer(URL.sub(" ", rest)):
        if m["top"].lower() in _TOPS or not m["top"].isascii():
            yield Link(m[0].rstrip(".,;:!?*_`~"))


def wrong_links(sentence: str, *, evidence: Sequence[str], allowed: Sequence[str]) -> Iterator[str]:
    """The links that may not be shown, as written; ``evidence`` are the folded texts the sentence may take links from."""
    if not _MAY_LEAD.search(sentence):
        return
    if _HTML.search(sentence):
        yield "markup"
    hosts: frozenset[str] | None = None
    for link in links(sentence):
        if _is_mail(link.target):
            continue
        host = host_of(link.target)
        if host is None or (link.words and _misleads(link.words, host)):
            yield link.target
            continue
        if is_vouched(link.target, allowed) or _is_allowed(host, allowed):
            continue
        hosts = _hosts(evidence) if hosts is None else hosts
        if host not in hosts and not any(_stands(link.target, text) for text in evidence):
            yield link.target


def host_of(target: str) -> str | None:
    """The host a browser would go to, without "www."; None for what is no web address."""
    target = target.replace("\\", "/")
    address = target if "://" in target else f"http://{target}"
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return None
    if (
        parts.scheme.lower() not in ("http", "https")
        or not host
        or (":" in target and "://" not in target and not _has_port(target))
    ):
        return None
    return host.rstrip(".").removeprefix("www.")


def _has_port(target: str) -> bool:
    return bool(re.match(r"[\w.-]+:\d{1,5}(?:/|$)", target))


def _is_mail(target: str) -> bool:
    """E-mail addresses and phone links are facts, checked as such."""
    return target.lower().startswith(("mailto:", "tel:"))


def is_vouched(target: str, allowed: Sequence[str]) -> bool:
    """Whether the operator vouches for the whole address: it lies below an allowed beginning."""
    shown = canonical_url(target.lower())
    for entry in allowed:
        if "/" in entry.removeprefix("https://").removeprefix("http://"):
            start = canonical_url(entry.lower())
            if shown == start or shown.startswith((start + "/", start + "?", start + "#")):
                return True
    return False


def _is_allowed(host: str, allowed: Sequence[str]) -> bool:
    for entry in allowed:
        known = host_of(entry.lower())
        if known and "/" not in entry.removeprefix("https://").removeprefix("http://").rstrip("/"):
            known = known.removeprefix("*.")
            if host == known or host.endswith("." + known):
                return True
    return False


def _misleads(words: str, host: str) -> bool:
    """Whether the words of a link look like another address than the one it leads to."""
    named = [host_of(m[0].rstrip(".,;:!?*_`~")) for m in URL.finditer(words)]
    named += [host_of(m[0]) for m in _DOMAIN.finditer(URL.sub(" ", words)) if m["top"].lower() in _TOPS]
    return any(name is not None and name != host for name in named)


def _hosts(evidence: Sequence[str]) -> frozenset[str]:
    """Hosts that the evidence itself links."""
    found = (host_of(m[0].rstrip(".,;:!?*_`~")) for text in evidence for m in URL.finditer(text))
    return frozenset(host for host in found if host)


def _stands(target: str, text: str) -> bool:
    """Whether a bare domain stands in the evidence as written, and not as the end of a longer one."""
    return bool(re.search(rf"(?<![\w.-]){re.escape(canonical_url(target.lower()))}(?![\w-]|\.\w)", text))
