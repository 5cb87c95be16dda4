"""HTTP for sources: polite, bounded, and to public addresses only, at every hop.

A source calls ``Web.get`` and ``Web.send`` inside ``problems.listing()`` or ``problems.one_item()``, which turn a ``WebError``
into what the sync understands.
"""

from __future__ import annotations

import json as jsonlib
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from multidict import CIMultiDict
from yarl import URL

from kb_sync.kit.web_errors import Malformed, NotAllowed, Refused, Throttled, TooLarge, Unreachable, WebError

if TYPE_CHECKING:
    from kb_sync.kit.guarded import Answer, Wire

__all__ = [
    "Malformed", "NotAllowed", "Page", "Refused", "Throttled", "TooLarge", "Unreachable", "Web", "WebError", "retry_after_s",
]  # fmt: skip

USER_AGENT = "FrontdeskBot/1.0"
REDIRECTS = 5
REDIRECTING = (301, 302, 303, 307, 308)
RETRIES = 2
"""After a 5xx or a lost connection."""

WAITS = 5
"""How often a call waits because it was told to."""

LONGEST_WAIT_S = 120.0
"""One wait; who wants us later than that is asked again by the next sync."""

OUTAGE = 5
"""Calls in a row that fail for good before a host counts as gone."""

GATEWAY_FAILURES = (502, 503, 504)
MAX_URL = 4_096
SCHEMES = ("http", "https")
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_UNQUOTED = re.compile(r"[^\x21-\x7e]|[\"<>\\^`{|}]")
PUBLIC_HEADERS = ("accept", "accept-language", "if-none-match", "if-modified-since")
"""Those of a call that may follow a redirect to another origin: none of them is a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An answer below 400; ``url`` is where it came from at last, ``headers`` know no case.

    ``is_moved``: all redirects on the way were permanent ones (and there was one).
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    is_moved: bool = False

    def json(self) -> Any:
        """The body read as JSON; ``Malformed`` when it is something else."""
        try:
            return jsonlib.loads(self.body)
        except (ValueError, RecursionError):
            kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
            what = (
                "an HTML page"
                if kind == "text/html" or self.body.lstrip()[:1] == b"<"
                else "something that cannot be read"
            )
            raise Malformed(f"{_shown(self.url)} answers with {what} instead of JSON") from None

    @property
    def is_unchanged(self) -> bool:
        """It answered 304."""
        return self.status == 304

    @property
    def etag(self) -> str:
        """Its ETag with the quotes, "" without one."""
        return self.headers.get("etag", "").strip()

    @property
    def last_modified(self) -> str:
        """Its Last-Modified as it stands, "" without one."""
        return self.headers.get("last-modified", "").strip()


class Web:
    """A client for one source; thread-safe.

    ``headers`` go with every call to the origins of ``allow`` (to all origins when it is empty), and are dropped by a redirect
    to another one.  Origins of ``allow`` ("https://wiki.corp:8443/any/path") may be on the loopback or a private network.
    ``per_host_s`` lies between the starts of two calls to one host.  One call takes ``limit_s`` at most, its answer has
    ``limit_bytes`` at most, packed and unpacked.  No proxies, no cookies.
    """

    def __init__(
        self,
        *,
        user_agent: str = USER_AGENT,
        headers: Mapping[str, str] = {},
        allow: Sequence[str] = (),
        per_host_s: float = 0.0,
        limit_s: float = 20.0,
        limit_bytes: int = 10_000_000,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._own = CIMultiDict(headers)
        self._user_agent = user_agent
        self._allow = tuple(allow)
        self._limit_s = limit_s
        self._limit_bytes = limit_bytes
        self._sleep = sleep
        self._turns = _Turns(per_host_s, sleep)
        self._lock = threading.Lock()
        self._wire: Wire | None = None
        self._failures: dict[str, int] = {}

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] = {},
        params: Mapping[str, str] | None = None,
        limit_bytes: int | None = None,
    ) -> Page:
        """Fetch, following up to five redirects; a 304 is a page.  ``limit_bytes`` is for this one instead of the client's.

        ``NotAllowed``, ``Unreachable``, ``Throttled``, ``Refused`` (other statuses from 400), ``TooLarge``, ``Malformed``.
        """
        current = self._checked(url)
        if params:
            current = current.update_query(dict(params))
        own, given, moves = self._own_headers(current), CIMultiDict(headers), list[int]()
        for _ in range(REDIRECTS + 1):
            answer = self._asked("GET", current, CIMultiDict([*own.items(), *given.items()]), None, limit_bytes)
            place = answer.headers.get("location")
            if answer.status not in REDIRECTING or place is None:
                return self._page(current, answer, is_moved=bool(moves) and all(each in (301, 308) for each in moves))
            moves.append(answer.status)
            try:
                following = self._checked(str(current.join(_parsed(place))))
            except ValueError:
                raise NotAllowed(f"{_shown(url)} redirects to something that is no address") from None
            if _origin(following) != _origin(current):
                own = CIMultiDict()
                given = CIMultiDict((name, value) for name, value in given.items() if name.lower() in PUBLIC_HEADERS)
            current = following
        raise NotAllowed(f"{_shown(url)} redirects more than {REDIRECTS} times")

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = {},
        json: object | None = None,
    ) -> Page:
        """A query with a body of JSON; it is sent again when it was lost, so it must change nothing.  Errors as in ``get``.

        A redirect is ``Refused``: nobody can say what becomes of the body.
        """
        current = self._checked(url)
        sent = CIMultiDict([*self._own_headers(current).items(), *headers.items()])
        body = None if json is None else jsonlib.dumps(json).encode()
        if body is not None:
            sent["Content-Type"] = "application/json"
        answer = self._asked(method, current, sent, body)
        if answer.status in REDIRECTING:
            raise Refused(f"{_shown(url)} redirects to another address", status=answer.status)
        return self._page(current, answer)

    def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = {},
        body: bytes | None = None,
    ) -> Page:
        """A query with a body of bytes; every answer below 500 but a 429 is a page, so that its reason can be read.

        It is sent again when it was lost, so it must change nothing; redirects are not followed.
        """
        current = self._checked(url)
        sent = CIMultiDict([*self._own_headers(current).items(), *headers.items()])
        answer = self._asked(method, current, sent, body)
        return Page(url=str(current), status=answer.status, headers=answer.headers, body=answer.body)

    def at_most_every(self, url: str, seconds: float) -> None:
        """From now on so many seconds lie between two calls to this host; it only ever gets slower."""
        self._turns.slow_down(_key(self._checked(url)), seconds)

    def close(self) -> None:
        """Close connections; safe twice and before use."""
        with self._lock:
            wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    def _page(self, url: URL, answer: Answer, *, is_moved: bool = False) -> Page:
        if answer.status >= 400:
            raise Refused(f"{_shown(str(url))} answers with status {answer.status}", status=answer.status)
        return Page(url=str(url), status=answer.status, headers=answer.headers, body=answer.body, is_moved=is_moved)

    def _asked(
        self, method: str, url: URL, headers: CIMultiDict[str], body: bytes | None, limit_bytes: int | None = None
    ) -> Answer:
        """One hop, with its retries; a host that fails again and again is marked as gone."""
        host = _key(url)
        try:
            answer = self._insisted(method, url, headers, body, limit_bytes or self._limit_bytes)
        except WebError as error:
            if isinstance(error, Unreachable | Throttled) or getattr(error, "status", 0) in GATEWAY_FAILURES:
                with self._lock:
                    self._failures[host] = self._failures.get(host, 0) + 1
                    error.is_outage = self._failures[host] >= OUTAGE
            raise
        with self._lock:
            self._failures.pop(host, None)
        return answer

    def _insisted(
        self, method: str, url: URL, headers: CIMultiDict[str], body: bytes | None, limit_bytes: int
    ) -> Answer:
        shown, failed, waited = _shown(str(url)), 0, 0
        complete = {"User-Agent": self._user_agent, "Accept": "*/*", **_titled(headers)}
        while True:
            self._turns.wait(_key(url))
            try:
                answer = self._connected().ask(method, url, complete, body, limit_bytes=limit_bytes, shown=shown)
            except Unreachable:
                failed += 1
                if failed > RETRIES:
                    raise
                self._sleep(float(failed))
                continue
            asked_s = retry_after_s(answer.headers)
            if answer.status == 429 or (answer.status == 503 and asked_s is not None):
                wait_s = min(2.0**waited, 30.0) if asked_s is None else asked_s
                waited += 1
                if waited > WAITS or wait_s > LONGEST_WAIT_S:
                    raise Throttled(f"{shown} wants to be asked later", status=answer.status, retry_after_s=asked_s)
                self._sleep(wait_s)
            elif answer.status >= 500:
                failed += 1
                if failed > RETRIES:
                    raise Refused(f"{shown} fails with status {answer.status}", status=answer.status)
                self._sleep(float(failed))
            else:
                return answer

    def _connected(self) -> Wire:
        with self._lock:
            if self._wire is None:
                allow = {(_host(url), url.port) for url in map(self._checked, self._allow)}
                # httpcore and its certificates are loaded with the first call, not with every start
                self._wire = import_module("kb_sync.kit.guarded").Wire(allow=allow, limit_s=self._limit_s)
            return self._wire

    def _own_headers(self, url: URL) -> CIMultiDict[str]:
        is_theirs = not self._allow or _origin(url) in {_origin(self._checked(each)) for each in self._allow}
        return self._own if is_theirs else CIMultiDict()

    def _checked(self, url: str) -> URL:
        try:
            parsed = _parsed(url)
            is_web = (
                parsed.scheme in SCHEMES and bool(parsed.raw_host) and parsed.port is not None and len(url) <= MAX_URL
            )
        except ValueError:
            is_web = False
        if not is_web:
            raise NotAllowed(f"{_shown(url)} is not fetched: it is not a web address (http:// or https://)")
        if parsed.user is not None or parsed.password is not None:
            raise NotAllowed(f"{_shown(url)} is not fetched: it holds a user name")
        return parsed.with_fragment(None)


class _Turns:
    """When each host may be called next."""

    def __init__(self, every_s: float, sleep: Callable[[float], None]) -> None:
        self._every_s = every_s
        self._sleep = sleep
        self._slower: dict[str, float] = {}
        self._free_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def slow_down(self, host: str, seconds: float) -> None:
        with self._lock:
            self._slower[host] = max(seconds, self._slower.get(host, 0.0))

    def wait(self, host: str) -> None:
        with self._lock:
            every_s = max(self._every_s, self._slower.get(host, 0.0))
            if every_s <= 0:
                return
            now = time.monotonic()
            turn_at = max(now, self._free_at.get(host, 0.0))
            self._free_at[host] = turn_at + every_s
        if turn_at > now:
            self._sleep(turn_at - now)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header, which says seconds or a date (RFC 9110 10.2.3); None without one that can be read."""
    said = headers.get("retry-after", "").strip()
    try:
        return float(said) if _SECONDS.fullmatch(said) else _seconds_until(said)
    except (ValueError, TypeError, OverflowError):
        return None


def _seconds_until(date: str) -> float:
    at = parsedate_to_datetime(date)
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())


def _titled(headers: CIMultiDict[str]) -> dict[str, str]:
    """The later of two headers of one name, in one spelling."""
    return {name.title(): value for name, value in headers.items()}


def _parsed(url: str) -> URL:
    """An address that is written out properly stays as it is, to the letter: it may be signed."""
    return URL(url, encoded=_UNQUOTED.search(url) is None)


def _key(url: URL) -> str:
    return f"{_host(url)}:{url.port}"


def _origin(url: URL) -> tuple[str, str, int | None]:
    return url.scheme, _host(url), url.port


def _host(url: URL) -> str:
    return str(url.raw_host).lower()


def _shown(url: str) -> str:
    """An address without user, query and fragment, for errors."""
    bare = url.partition("?")[0].partition("#")[0]
    scheme, mark, rest = bare.partition("://")
    host, slash, path = rest.partition("/")
    shown = f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}" if mark else bare
    return "".join(letter for letter in shown if letter.isprintable())[:200]
