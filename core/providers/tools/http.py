"""Tools that are one HTTP request, made from the operator's template and the arguments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from core.errors import ToolFailed
from core.ports.tools import SideEffect, Tool, ToolOutput
from core.providers.tools import templates
from core.providers.tools.answers import output_of
from core.providers.tools.declared import Encoding, HttpTool
from core.providers.tools.projection import Projection
from core.providers.tools.sending import Outgoing, Sender, auth_headers, merged
from core.providers.tools.specs import spec_of

BODILESS: Final = frozenset(("GET", "HEAD", "DELETE"))
READING: Final = frozenset(("GET", "HEAD"))


class HttpRunner:
    """Reaches one declared request."""

    def __init__(self, tool: HttpTool, sender: Sender) -> None:
        self._tool = tool
        self._sender = sender
        self._projection = Projection.parse(tool.result)
        self._placed = (
            templates.places(tool.url)
            | templates.places(tool.query)
            | templates.places(tool.headers)
            | templates.places(tool.body)
        )

    async def call(self, arguments: Mapping[str, Any], *, key: str, timeout_s: float) -> ToolOutput:
        """Send it once."""
        answer = await self._sender.send(self._request(arguments, key), timeout_s=timeout_s)
        tool = self._tool
        return output_of(answer, method=tool.method, projection=self._projection, chars=tool.result_chars)

    async def close(self) -> None:
        """Nothing of its own: the sender belongs to the tenant."""

    def _request(self, arguments: Mapping[str, Any], key: str) -> Outgoing:
        tool = self._tool
        left = [name for name in arguments if name not in self._placed]
        pairs = templates.query(tool.query, arguments)
        content: bytes | None = None
        kinds: dict[str, str] = {"Accept": "application/json"}
        if tool.body is not None or tool.method not in BODILESS:
            content, kind = _content(tool, arguments, left)
            kinds["Content-Type"] = kind
        else:
            pairs += templates.loose(arguments, left)
        address = templates.with_query(templates.url(tool.url, arguments), pairs)
        own = templates.headers(tool.headers, arguments)
        headers = merged(kinds, own, {tool.idempotency_header: key}, auth_headers(tool.auth))
        return Outgoing(method=tool.method, url=address, headers=headers, body=content)


def _content(tool: HttpTool, arguments: Mapping[str, Any], left: list[str]) -> tuple[bytes, str]:
    value = {name: arguments[name] for name in left} if tool.body is None else templates.body(tool.body, arguments)
    if tool.encoding is Encoding.FORM:
        pairs = templates.loose(value, value) if isinstance(value, Mapping) else ()
        return urlencode(pairs).encode(), "application/x-www-form-urlencoded"
    return as_body({} if value is templates.MISSING else value), "application/json"


def as_body(value: Any) -> bytes:
    """A value as a JSON body; what JSON has no word for (NaN, lone surrogates) is refused."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError) as error:
        raise ToolFailed("the arguments cannot be written as JSON", is_certain=True) from error


def http_tool(tool: HttpTool, sender: Sender) -> Tool:
    """The tool and the way to it."""
    effect = SideEffect.READ if tool.method in READING else SideEffect.WRITE
    return Tool(spec=spec_of(tool.name, tool, tool.parameters, effect=effect), runner=HttpRunner(tool, sender))
