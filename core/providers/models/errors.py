"""Every way a call can fail, as a short constant: the one place where the vendor package's errors become ours.

The package's exceptions hold the request with its headers, and messages that quote keys and prompts, so they are never chained,
logged or shown: what leaves this file is a constant and a number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

LONGEST_REST_S: Final = 300.0
"""Longer waits are asked for by mistake (a date as seconds), or are better found out by one probe."""

QUOTA_REST_S: Final = 60.0
"""A used-up quota does not come back within seconds; somebody must pay or wait."""

_PARAMETER: Final = re.compile(r"^[A-Za-z][A-Za-z0-9_.\[\]]{0,40}$")


class Code(StrEnum):
    """Why an attempt failed; ends up in ``Tried.error``, metrics and the docs."""

    TIMEOUT_FIRST = "timeout_first"
    TIMEOUT_IDLE = "timeout_idle"
    TIMEOUT_TOTAL = "timeout_total"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    CONNECTION = "connection"
    CUT = "cut"
    AUTH = "auth"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    MALFORMED = "malformed"
    EMPTY = "empty"
    FILTERED = "filtered"
    OPEN_BREAKER = "open_breaker"
    BUSY = "busy"
    UNSUITED = "unsuited"


MISCONFIGURED: Final = frozenset((Code.AUTH, Code.NOT_FOUND))
"""No second try will help before somebody mends it: the breaker opens at once."""

BREAKING: Final = frozenset(
    (
        Code.TIMEOUT_FIRST,
        Code.TIMEOUT_IDLE,
        Code.TIMEOUT_TOTAL,
        Code.SERVER_ERROR,
        Code.CONNECTION,
        Code.CUT,
        Code.MALFORMED,
    )
)
"""Speaks against the endpoint.  What depends on the request (refused, filtered, empty) does not: one contact's words must
never open a breaker for all."""

RETRYABLE: Final = frozenset((Code.SERVER_ERROR, Code.CONNECTION, Code.CUT, Code.RATE_LIMITED))
"""May go better at the same model a moment later."""

BILLED: Final = frozenset(
    (Code.TIMEOUT_FIRST, Code.TIMEOUT_IDLE, Code.TIMEOUT_TOTAL, Code.CUT, Code.MALFORMED, Code.EMPTY)
)
"""The endpoint took the prompt and will count it."""

_BY_STATUS: Final[Mapping[int, Code]] = {
    401: Code.AUTH,
    403: Code.AUTH,
    404: Code.NOT_FOUND,
    408: Code.SERVER_ERROR,
    409: Code.SERVER_ERROR,
    425: Code.SERVER_ERROR,
    429: Code.RATE_LIMITED,
}

_BY_WORD: Final[Mapping[str, Code]] = {
    "content_filter": Code.FILTERED,
    "content_policy_violation": Code.FILTERED,
    "invalid_api_key": Code.AUTH,
    "model_not_found": Code.NOT_FOUND,
    "DeploymentNotFound": Code.NOT_FOUND,
    "rate_limit_exceeded": Code.RATE_LIMITED,
    "insufficient_quota": Code.RATE_LIMITED,
}
"""What an error's ``code`` or ``type`` says more exactly than its status (OpenAI, Azure OpenAI; checked 2026-11)."""


class AttemptFailed(Exception):
    """One attempt at one model failed; internal to this folder.  ``parameter`` is the request's field that was refused."""

    def __init__(self, code: Code, *, rest_s: float | None = None, parameter: str | None = None) -> None:
        super().__init__(code.value)
        self.code = code
        self.rest_s = rest_s
        self.parameter = parameter


def transport_errors() -> tuple[type[Exception], ...]:
    """What the package and the layers below it raise when a call goes wrong."""
    import aiohttp  # noqa: PLC0415  vendor libraries load when they are used
    import httpx2  # noqa: PLC0415
    import openai  # noqa: PLC0415

    return (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, aiohttp.ClientError, OSError)


def classify(error: Exception) -> AttemptFailed:
    """An error of the transport as a constant."""
    import openai  # noqa: PLC0415

    if isinstance(error, openai.APIStatusError):
        return of_status(error.status_code, error.body, error.response.headers)
    if isinstance(error, openai.APIConnectionError):
        return AttemptFailed(Code.CONNECTION)
    if isinstance(error, openai.APIError):
        return of_body(error.body)
    return AttemptFailed(Code.CONNECTION)


def of_status(status: int, body: object, headers: Mapping[str, str]) -> AttemptFailed:
    """An HTTP answer that is an error."""
    words = _words(body)
    code = next((_BY_WORD[word] for word in words if word in _BY_WORD), None)
    if code is None:
        code = _BY_STATUS.get(status, Code.SERVER_ERROR if status >= 500 else Code.REFUSED)
    rest_s = _rest(headers) if code is Code.RATE_LIMITED or status == 503 else None
    if "insufficient_quota" in words:
        rest_s = QUOTA_REST_S
    return AttemptFailed(code, rest_s=rest_s, parameter=_parameter(body))


def of_body(body: object) -> AttemptFailed:
    """An error that came in place of an answer, after a good status."""
    code = next((_BY_WORD[word] for word in _words(body) if word in _BY_WORD), Code.SERVER_ERROR)
    return AttemptFailed(code)


def _fields(body: object) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        return {}
    inner = body.get("error")
    return inner if isinstance(inner, Mapping) else body


def _words(body: object) -> tuple[str, ...]:
    fields = _fields(body)
    return tuple(word for word in (fields.get("code"), fields.get("type")) if isinstance(word, str))


def _parameter(body: object) -> str | None:
    """The name of the refused field: a word of the wire format, never text that could quote somebody."""
    name = _fields(body).get("param")
    return name if isinstance(name, str) and _PARAMETER.match(name) else None


def _rest(headers: Mapping[str, str]) -> float | None:
    """How long the endpoint asks to be left alone; dates are left to the breaker."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return min(seconds, LONGEST_REST_S)
    return None
