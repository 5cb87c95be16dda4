"""How Zendesk says no."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """An answer that is none of 2xx."""

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(str(status))
        self.status = status
        self.body = body
        self.headers = headers or {}


def invalid(field: str, words: str, code: str = "") -> Refusal:
    """422 of a field."""
    detail = {"description": words, **({"error": code} if code else {})}
    return Refusal(
        422, {"error": "RecordInvalid", "description": "Record validation errors", "details": {field: [detail]}}
    )


def not_found() -> Refusal:
    """404."""
    return Refusal(404, {"error": "RecordNotFound", "description": "Not found"})


def conflict() -> Refusal:
    """409 of a safe update."""
    return Refusal(
        409, {"error": "UpdateConflict", "description": "Safe Update prevented the update due to outdated ticket data"}
    )


def throttled(after_s: float) -> Refusal:
    """429 with the seconds to wait."""
    words = "Number of allowed API requests per minute exceeded"
    return Refusal(429, {"error": "APIRateLimitExceeded", "description": words}, {"Retry-After": str(int(after_s))})


def unavailable() -> Refusal:
    """503 before anything was done."""
    return Refusal(503, {"error": "ServiceUnavailable", "description": "Please try again in a moment."})


def unauthorized() -> Refusal:
    """401."""
    return Refusal(
        401, {"error": "invalid_token", "error_description": "The access token is invalid, expired or revoked"}
    )


def forbidden() -> Refusal:
    """403."""
    return Refusal(403, {"error": "Forbidden", "description": "You do not have access to this page."})
