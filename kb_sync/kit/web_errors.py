"""What can go wrong with a call, in plain words that hold no secret: addresses are shown without their queries."""

from __future__ import annotations


class WebError(Exception):
    """A call did not give a page.

    ``is_outage``: this host has failed several calls in a row, so that going on with it is of no use.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.is_outage = False


class Unreachable(WebError):
    """No answer: no such name, no connection, cut off, or too slow; asked again in vain."""


class Refused(WebError):
    """An answer that is no page: ``status`` is 400 or above (5xx: asked again in vain), or a redirect of ``Web.send``."""

    def __init__(self, problem: str, *, status: int) -> None:
        super().__init__(problem)
        self.status = status


class Throttled(Refused):
    """Asked to come back later than is worth waiting; ``retry_after_s`` if it was said."""

    def __init__(self, problem: str, *, status: int = 429, retry_after_s: float | None = None) -> None:
        super().__init__(problem, status=status)
        self.retry_after_s = retry_after_s


class TooLarge(WebError):
    """More bytes than are taken, packed or unpacked."""


class NotAllowed(WebError):
    """An address that is not fetched: not http(s), a private address, or too many redirects."""


class Malformed(WebError):
    """An answer that cannot be read: not the JSON it should be, or damaged on the way."""
