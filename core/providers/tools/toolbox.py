"""All tools of one tenant, of every kind, as the mapping the firewall takes.

Building does no I/O but reading OpenAPI files.  ``prepare`` reads what lies elsewhere (OpenAPI addresses, MCP servers): until
then those tools are not in the mapping.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import structlog

from core.errors import ToolFailed
from core.ports.channel import Finding
from core.ports.tools import Tool
from core.providers.tools import doctor
from core.providers.tools.declared import Declared, HttpTool, McpServer, OpenApiTools, PythonTool
from core.providers.tools.http import http_tool
from core.providers.tools.mcp.server import Server
from core.providers.tools.openapi import document as documents
from core.providers.tools.openapi.document import Document, Unusable
from core.providers.tools.openapi.tools import openapi_tool
from core.providers.tools.python import PythonRunner, python_tool
from core.providers.tools.sending import Outgoing, Sender

log = structlog.get_logger(__name__)

DOCUMENT_S: Final = 20.0
FIRST_WAIT_S: Final = 5.0
LONGEST_WAIT_S: Final = 300.0


class Toolbox(Mapping[str, Tool]):
    """The tools that can be called now; ``prepare`` adds what it reached, and takes out what is no longer as pinned."""

    def __init__(self, declared: Sequence[Declared]) -> None:
        self._declared = tuple(declared)
        self._sender = Sender()
        self._tools: dict[str, Tool] = {}
        self._problems: dict[str, str] = {}
        self._functions: dict[str, PythonRunner] = {}
        self._remote: list[OpenApiTools] = []
        self._servers: list[Server] = []
        self._preparing = asyncio.Lock()
        for item in self._declared:
            self._add(item)

    def __getitem__(self, name: str) -> Tool:
        return self._tools[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tools)

    def __len__(self) -> int:
        return len(self._tools)

    @property
    def problems(self) -> Mapping[str, str]:
        """Tools that are declared and cannot be called, with the reason for the operator."""
        return {name: why for name, why in self._problems.items() if name not in self._tools}

    def _add(self, declared: Declared) -> None:
        match declared:
            case HttpTool():
                self._tools[declared.name] = http_tool(declared, self._sender)
            case PythonTool():
                self._tools[declared.name], self._functions[declared.name] = python_tool(declared)
            case OpenApiTools():
                self._add_document(declared)
            case McpServer():
                self._servers.append(Server(declared))
                self._problems |= dict.fromkeys(declared.tools, f"the server {declared.server} was not asked yet")

    def _add_document(self, declared: OpenApiTools) -> None:
        if declared.document is None:
            self._remote.append(declared)
            self._problems |= dict.fromkeys(declared.operations, "its document was not read yet")
            return
        try:
            self._import(declared, documents.read(declared.document))
        except Unusable as error:
            self._problems |= dict.fromkeys(declared.operations, str(error))

    def _import(self, declared: OpenApiTools, document: Document) -> None:
        for name in declared.operations:
            try:
                self._tools[name] = openapi_tool(document, name, declared, self._sender)
            except Unusable as error:
                self._problems[name] = str(error)

    async def prepare(self) -> bool:
        """Reach what was not reached yet and look at the servers again, all at once; True when the mapping grew.

        What cannot be reached stays in ``problems``; nothing is raised for it.
        """
        async with self._preparing:
            before = len(self._tools)
            async with asyncio.TaskGroup() as group:
                for remote in tuple(self._remote):
                    group.create_task(self._fetch(remote))
                for server in self._servers:
                    group.create_task(self._ask(server))
            return len(self._tools) > before

    async def keep(self, on_grown: Callable[[], None]) -> None:
        """Go on preparing, at longer and longer intervals, until everything was reached; runs as a task of its owner."""
        wait_s = FIRST_WAIT_S
        while self.problems:
            if await self.prepare():
                on_grown()
            if self.problems:
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, LONGEST_WAIT_S)

    async def _fetch(self, declared: OpenApiTools) -> None:
        assert declared.document_url is not None
        request = Outgoing(method="GET", url=declared.document_url, headers={"Accept": "application/json, */*;q=0.5"})
        try:
            answer = await self._sender.send(request, timeout_s=DOCUMENT_S, most_bytes=documents.MAX_BYTES)
            if answer.status != 200:
                raise Unusable(f"its document cannot be read: the server answered {answer.status}")
            document = await asyncio.to_thread(documents.parse, answer.body)
        except (ToolFailed, Unusable) as error:
            self._trouble(dict.fromkeys(declared.operations, str(error)))
            return
        self._remote.remove(declared)
        self._import(declared, document)

    async def _ask(self, server: Server) -> None:
        try:
            await server.prepare()
        except ToolFailed as error:
            self._trouble(dict.fromkeys(server.declared.tools, error.safe_message))
            return
        self._trouble(server.problems)
        for name in server.declared.tools:
            if name in server.problems:
                self._tools.pop(name, None)
            elif name in server.tools:
                self._tools[name] = server.tools[name]

    def _trouble(self, found: Mapping[str, str]) -> None:
        for name, why in found.items():
            if self._problems.get(name) != why:
                log.warning("tool_unavailable", tool=name, why=why)
        self._problems |= found

    async def examine(self) -> tuple[Finding, ...]:
        """What ``frontdesk doctor`` says: are the tools there, reachable, and still what they were.  Calls none of them."""
        await self.prepare()
        return await doctor.findings(
            self._declared, self, self.problems, sender=self._sender, servers=self._servers, functions=self._functions
        )

    async def close(self) -> None:
        """Let go of every connection; safe twice."""
        async with asyncio.TaskGroup() as group:
            for tool in self._tools.values():
                group.create_task(tool.runner.close())
            for server in self._servers:
                group.create_task(server.close())
            group.create_task(self._sender.close())


def build_tools(declared: Sequence[Declared]) -> Toolbox:
    """The tools of one tenant."""
    return Toolbox(declared)
