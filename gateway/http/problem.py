"""Errors on the wire: RFC 9457 problem JSON, one shape for every refusal of both listeners."""

from __future__ import annotations

import msgspec
from aiohttp import web

from core.errors import FrontdeskError, InboundRejected, PayloadInvalid, StoreUnavailable, TurnError

MEDIA_TYPE = "application/problem+json"
STORE_RETRY_S = 2

TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    415: "Unsupported media type",
    422: "Invalid content",
    429: "Too many requests",
    500: "Internal error",
    503: "Temporarily unavailable",
    504: "Timed out",
}


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One refusal.

    ``code`` is a stable word for programs, ``detail`` a sentence for people; ``field`` is the JSON pointer of a wrong field and
    ``error_id`` finds the log line of an internal error.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    field: str | None = None
    retry_after: int | None = None
    error_id: str | None = None


class Refused(InboundRejected):
    """A refusal of an HTTP handler, with its status and code."""

    def __init__(self, status: int, code: str, safe_message: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(safe_message, retry_after_s=retry_after_s)
        self.status = status
        self.code = code


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    field: str | None = None,
    retry_after: int | None = None,
    error_id: str | None = None,
) -> Problem:
    """A problem with the title of its status."""
    return Problem(
        type=f"urn:frontdesk:problem:{code}",
        title=TITLES.get(status, "Error"),
        status=status,
        code=code,
        detail=detail,
        field=field,
        retry_after=retry_after,
        error_id=error_id,
    )


def of_error(error: FrontdeskError) -> Problem:
    """The problem that the sender of a request may see for an error of ours."""
    match error:
        case PayloadInvalid():
            return problem(error.status, error.code, error.safe_message, field=error.field)
        case InboundRejected():
            return problem(error.status, error.code, error.safe_message, retry_after=error.retry_after_s)
        case StoreUnavailable():
            detail = "Nothing was stored. Please try again shortly."
            return problem(503, error.code, detail, retry_after=STORE_RETRY_S)
        case TurnError():
            return problem(503, error.code, error.safe_message, retry_after=STORE_RETRY_S)
        case _:
            return problem(500, error.code, "Something went wrong on our side.")


def response(item: Problem, *, headers: dict[str, str] | None = None) -> web.Response:
    """The HTTP answer of a problem."""
    all_headers = dict(headers or {})
    if item.retry_after is not None:
        all_headers["Retry-After"] = str(item.retry_after)
    if item.status == 401:
        all_headers.setdefault("WWW-Authenticate", "Bearer")
    all_headers["Cache-Control"] = "no-store"
    return web.Response(
        body=msgspec.json.encode(item), status=item.status, content_type=MEDIA_TYPE, headers=all_headers
    )


def not_found(what: str = "conversation") -> Refused:
    """404: unknown and foreign things are told alike."""
    return Refused(404, f"{what}_unknown", f"No such {what}.")


def unauthorized(code: str, detail: str) -> Refused:
    """401: no valid proof of who is asking."""
    return Refused(401, code, detail)


def forbidden(code: str, detail: str) -> Refused:
    """403: known who is asking, and they may not."""
    return Refused(403, code, detail)


def conflict(code: str, detail: str) -> Refused:
    """409: somebody else was first."""
    return Refused(409, code, detail)
