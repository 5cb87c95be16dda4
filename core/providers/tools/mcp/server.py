"""The tools that an operator picked from an MCP server, pinned to what the server said of them first.

A server that later says something else of a tool (or another server that stands in its place) cannot use it any more: the tool
is refused until the configuration is loaded again.  What a server says about how harmless a tool is, is never believed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import structlog

from core.errors import ToolFailed
from core.ports.tools import SideEffect, Tool, ToolOutput
from core.providers.tools.answers import NOTHING, as_json, bounded
from core.providers.tools.declared import McpServer, McpTool
from core.providers.tools.mcp.connection import Connection
from core.providers.tools.openapi.document import Document, Unusable
from core.providers.tools.openapi.schemas import Flattener
from core.providers.tools.specs import sound, spec_of, unfit, without
from core.untrusted.visible import visible

if TYPE_CHECKING:
    from mcp import Client
    from mcp.types import CallToolResult
    from mcp.types import Tool as Listed

log = structlog.get_logger(__name__)

RECHECK_S: Final = 15.0
"""So old may the last look at a server's list be when one of its tools is called; the look also finds a dead connection."""

MAX_SCHEMA_CHARS: Final = 65_536
MAX_DESCRIPTION: Final = 1_000


def fingerprint(listed: Listed) -> str:
    """What a tool is pinned by: its name, what it says of itself, its schemas."""
    said = [listed.name, listed.title, listed.description, listed.input_schema, listed.output_schema]
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:32]


class Server:
    """The picked tools of one server."""

    def __init__(self, declared: McpServer, *, recheck_s: float = RECHECK_S) -> None:
        self.declared = declared
        self.tools: dict[str, Tool] = {}
        self.problems: dict[str, str] = {}
        self.pins: dict[str, str] = {name: tool.pin for name, tool in declared.tools.items() if tool.pin is not None}
        self._connection = Connection(declared)
        self._recheck_s = recheck_s
        self._looked_at: float | None = None
        self._looked_opened = 0
        self._looking = asyncio.Lock()
        self._refused: set[str] = set()

    async def prepare(self) -> None:
        """Read the server's list and make the tools that are not made yet; ``ToolFailed`` when it cannot be read."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        listed = {tool.name: tool for tool in await self._connection.listing()}
        self._looked_at, self._looked_opened = asyncio.get_running_loop().time(), self._connection.opened
        for name, policy in self.declared.tools.items():
            found = listed.get(policy.tool or name)
            if found is None:
                self.problems[name] = f"the server {self.declared.server} has no tool `{policy.tool or name}`"
            else:
                self._compare(name, policy, found)

    def _compare(self, name: str, policy: McpTool, found: Listed) -> None:
        said = fingerprint(found)
        if self.pins.setdefault(name, said) != said:
            if name not in self._refused:
                log.warning("tool_changed", server=self.declared.server, tool=name, pinned=self.pins[name], found=said)
            self._refused.add(name)
            self.problems[name] = f"the server {self.declared.server} describes it otherwise than pinned ({said})"
        elif name not in self._refused and name not in self.tools:
            try:
                self.tools[name] = self._made(name, policy, found)
                self.problems.pop(name, None)
            except Unusable as error:
                self.problems[name] = str(error)
        elif name not in self._refused:
            self.problems.pop(name, None)

    def _made(self, name: str, policy: McpTool, found: Listed) -> Tool:
        parameters = _parameters(found.input_schema)
        lost = sorted(set(policy.bound) - set(parameters.get("properties", {})))
        if lost:
            raise Unusable(f"`bound` names what is no parameter of it: {', '.join(lost)}")
        description = visible(found.description or found.title or name).strip()[:MAX_DESCRIPTION]
        spec = spec_of(
            name, policy, without(parameters, policy.bound), effect=SideEffect.WRITE, description=description
        )
        trouble = unfit(spec)
        if trouble:
            raise Unusable(trouble)
        return Tool(spec=spec, runner=McpRunner(self, name, policy.tool or name, policy.result_chars))

    async def checked(self, name: str) -> Client:
        """The connection, after a look that is new enough; ``ToolFailed``, certain, when the tool may not be called."""
        async with self._looking:
            client = await self._connection.client()
            is_new = self._looked_opened == self._connection.opened and not self._connection.is_stale
            age = None if self._looked_at is None else asyncio.get_running_loop().time() - self._looked_at
            if not is_new or age is None or age >= self._recheck_s:
                await self._look()
                client = await self._connection.client()
        if name in self._refused:
            raise ToolFailed("its server changed what it says of it; an operator has to look at it", is_certain=True)
        if name in self.problems:
            raise ToolFailed("its server does not offer it any more", is_certain=True)
        return client

    async def run(
        self, client: Client, tool: str, arguments: Mapping[str, Any], *, key: str, timeout_s: float
    ) -> CallToolResult:
        """Call it on an open connection."""
        return await self._connection.call(client, tool, arguments, key=key, timeout_s=timeout_s)

    async def close(self) -> None:
        """End the connection; safe twice."""
        await self._connection.close()


def _parameters(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema as we keep to it: references resolved, bounded, and without regular expressions of a stranger's making."""
    try:
        size = len(json.dumps(schema))
    except (ValueError, RecursionError) as error:
        raise Unusable("its schema cannot be read") from error
    if size > MAX_SCHEMA_CHARS or schema.get("type") != "object":
        raise Unusable("its schema is no schema of an object, or too large")
    flat = Flattener(Document(root=schema, is_30=False), has_patterns=False).of(schema)
    if not sound(flat):
        raise Unusable("its schema is not valid JSON Schema")
    return flat


class McpRunner:
    """Reaches one tool of a server."""

    def __init__(self, server: Server, name: str, tool: str, chars: int) -> None:
        self._server = server
        self._name = name
        self._tool = tool
        self._chars = chars

    async def call(self, arguments: Mapping[str, Any], *, key: str, timeout_s: float) -> ToolOutput:
        """Look at the list when it is time to, then call it once."""
        ends_at = asyncio.get_running_loop().time() + timeout_s
        try:
            async with asyncio.timeout_at(ends_at):
                client = await self._server.checked(self._name)
        except TimeoutError as error:
            raise ToolFailed(f"its server was not ready within {timeout_s:.3g} s", is_certain=True) from error
        left = max(0.01, ends_at - asyncio.get_running_loop().time())
        result = await self._server.run(client, self._tool, arguments, key=key, timeout_s=left)
        if result.is_error:
            raise ToolFailed("the server says that it failed", is_certain=False)
        return output_of(result, self._chars)

    async def close(self) -> None:
        """Nothing of its own: the connection belongs to the server."""


def output_of(result: CallToolResult, chars: int) -> ToolOutput:
    """The content as text; structured content, where there is any, says the same and better."""
    value = result.structured_content
    if isinstance(value, dict) and value.keys() == {"result"}:
        value = value["result"]  # servers wrap what is no object in this, to have one
    if value is not None:
        try:
            return bounded(value if isinstance(value, str) else as_json(value), chars)
        except (TypeError, ValueError, RecursionError):
            pass  # then its texts must do
    said = "\n".join(_said(part) for part in result.content[:100])
    return bounded(said or NOTHING, chars)


def _said(part: Any) -> str:
    match getattr(part, "type", ""):
        case "text":
            return str(part.text)
        case "resource":
            return str(getattr(part.resource, "text", "(a file)"))
        case "resource_link":
            return f"(a file: {part.name})"
    return "(something that is not text)"
