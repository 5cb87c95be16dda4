"""Where traces go: an OpenTelemetry collector, or any backend that takes OTLP over HTTP."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from config.parts import Share
from config.plugs import Part
from config.tool_fields import Headers


def _collector(address: str) -> str:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise ValueError("is not an address like http://collector:4318") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("is not an address like http://collector:4318")
    if parts.username or parts.password:
        raise ValueError("has a password in it: write it as one of `headers`, which are kept secret")
    return address


class Telemetry(Part):
    """Traces of every message, from its receipt to what was delivered; ids and times, never customers' words."""

    endpoint: Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_collector)]
    """OTLP over HTTP, for example http://collector:4318; without a path, /v1/traces is asked."""
    headers: Headers = Field(default={})
    """Sent with every request, for example a key of the backend; kept secret."""
    sample: Share = 1.0
    """Share of the messages that are traced; the same messages in every replica."""
    service_name: Annotated[str, StringConstraints(min_length=1, max_length=120)] = "frontdesk"
    """Under which name they appear."""

    @property
    def url(self) -> str:
        """Where spans are posted."""
        return self.endpoint if urlsplit(self.endpoint).path.strip("/") else self.endpoint.rstrip("/") + "/v1/traces"
