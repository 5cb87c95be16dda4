"""One connection to one MCP server: opened at first need, opened again after a loss, closed by the task that opened it.

A server gets no prompt, no sampling, no roots and no environment of ours.  Its standard error is not read.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, cast

from core.errors import ToolFailed
from core.providers.tools.declared import McpServer
from core.providers.tools.sending import auth_headers, merged

if TYPE_CHECKING:
    from mcp import Client
    from mcp.types import CallToolResult, RequestParamsMeta, Tool

MAX_PAGES: Final = 20
MAX_TOOLS: Final = 1_000
CLOSE_S: Final = 10.0
IDEMPOTENCY: Final = "frontdesk/idempotency-key"
"""Where the key of a call travels, in the request's ``_meta``."""

CONNECTION_CLOSED: Final = -32000
"""The library's own code for a connection that ended."""

NEVER_RUN: Final = frozenset((-32700, -32600, -32601, -32602))
"""JSON-RPC's errors for requests that were refused before anything was done: parse, request, method, params."""


class Connection:
    """A server, connected or not.  Calls of several tasks share it."""

    def __init__(self, declared: McpServer) -> None:
        self._declared = declared
        self._owner: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[Client] | None = None
        self._end = asyncio.Event()
        self._ending: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self.opened = 0
        self.is_stale = False

    async def client(self) -> Client:
        """The open connection; ``ToolFailed``, always certain, when there is none to be had.

        Whoever stops waiting leaves the opening to the others.
        """
        if self._is_closed:
            raise ToolFailed("tools are shut down", is_certain=True)
        if self._ready is None or self._owner is None or self._owner.done():
            self._ready, self._end = asyncio.get_running_loop().create_future(), asyncio.Event()
            own = self._own(self._ready, self._end)
            self._owner = asyncio.create_task(own, name=f"mcp-{self._declared.server}")
        return await asyncio.shield(self._ready)

    async def _own(self, ready: asyncio.Future[Client], end: asyncio.Event) -> None:
        """Open, hold until the end, close: the library wants all three in one task."""
        name, limit = self._declared.server, self._declared.connect_timeout_s
        what = f"the server {name} cannot be reached"
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(limit):
                    client = await self._entered(stack)
                self.opened += 1
                self.is_stale = False
                ready.set_result(client)
                await end.wait()
        except TimeoutError:
            what = f"the server {name} did not say hello within {limit:g} s"
        except (Exception, BaseExceptionGroup) as error:
            what = f"the server {name} cannot be reached ({_kind(error)})"
        finally:
            if not ready.done():
                ready.set_exception(ToolFailed(what, is_certain=True))
                ready.exception()  # nobody may be waiting any more

    async def _entered(self, stack: AsyncExitStack) -> Client:
        # A second's work: off the loop, where others are served meanwhile.
        await asyncio.to_thread(import_module, "mcp")
        from mcp import Client, StdioServerParameters, stdio_client  # noqa: PLC0415
        from mcp.client.streamable_http import streamable_http_client  # noqa: PLC0415
        from mcp.types import Implementation  # noqa: PLC0415

        # The library logs whole messages of servers that misbehave, and addresses.
        for name in ("mcp", "httpx2", "httpcore2"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        declared = self._declared
        if declared.url is not None:
            http = await stack.enter_async_context(self._http())
            transport = streamable_http_client(declared.url, http_client=http)
        else:
            devnull = stack.enter_context(open(os.devnull, "w"))  # noqa: PTH123, ASYNC230, SIM115  the null device blocks nobody
            assert declared.command is not None
            parameters = StdioServerParameters(
                command=declared.command, args=list(declared.args), env=dict(declared.env)
            )
            transport = stdio_client(parameters, errlog=devnull)
        client = Client(
            transport,
            cache=None,
            client_info=Implementation(name="frontdesk", version="1"),
            message_handler=self._heard,
            read_timeout_seconds=declared.connect_timeout_s,
        )
        return await stack.enter_async_context(client)

    def _http(self) -> Any:
        from httpx2 import AsyncClient, Timeout  # noqa: PLC0415  the library's own HTTP client

        headers = merged(self._declared.headers, auth_headers(self._declared.auth))
        return AsyncClient(
            headers=headers, trust_env=False, timeout=Timeout(self._declared.connect_timeout_s, read=300)
        )

    async def _heard(self, message: object) -> None:
        """The server said by itself that its list changed: look again before the next call."""
        if type(message).__name__ == "ToolListChangedNotification":
            self.is_stale = True

    async def listing(self) -> tuple[Tool, ...]:
        """All tools the server offers now, at most ``MAX_TOOLS``; opens the connection again when it was lost."""
        for is_last in (False, True):
            client = await self.client()
            try:
                return await self._listed(client)
            except Exception as error:  # whatever a server may do to the library
                is_lost = _is_lost(error)
                if is_lost:
                    self.drop()
                if is_last or not is_lost:
                    what = f"the server {self._declared.server} does not list its tools"
                    raise ToolFailed(what, is_certain=True) from None
        raise AssertionError("unreachable")

    async def _listed(self, client: Client) -> tuple[Tool, ...]:
        found: list[Tool] = []
        cursor: str | None = None
        async with asyncio.timeout(self._declared.connect_timeout_s):
            for _ in range(MAX_PAGES):
                page = await client.list_tools(cursor=cursor)
                found += page.tools
                cursor = page.next_cursor
                if cursor is None or len(found) >= MAX_TOOLS:
                    break
        self.is_stale = False
        return tuple(found[:MAX_TOOLS])

    async def call(
        self, client: Client, tool: str, arguments: Mapping[str, Any], *, key: str, timeout_s: float
    ) -> CallToolResult:
        """Call a tool once; everything that goes wrong from here on is ``ToolFailed``."""
        from mcp import MCPError  # noqa: PLC0415  slow to import

        try:
            async with asyncio.timeout(timeout_s):
                meta = cast("RequestParamsMeta", {IDEMPOTENCY: key})
                return await client.call_tool(tool, dict(arguments), read_timeout_seconds=timeout_s + 1, meta=meta)
        except TimeoutError as error:
            raise ToolFailed(f"no answer within {timeout_s:.3g} s", is_certain=False) from error
        except MCPError as error:
            if error.code in NEVER_RUN:
                raise ToolFailed("the server refused the call", is_certain=True) from None
            if _is_lost(error):
                self.drop()
            raise ToolFailed("the server failed, or the connection broke", is_certain=False) from None
        except Exception as error:
            raise ToolFailed(f"the answer could not be read ({type(error).__name__})", is_certain=False) from None

    def drop(self) -> None:
        """Forget a connection that is no good; the next need opens a new one while this one ends."""
        owner, self._owner, self._ready = self._owner, None, None
        self._end.set()
        if owner is not None and not owner.done():
            self._ending.add(owner)
            owner.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """End it, and wait until it has ended; safe twice."""
        self._is_closed = True
        ready = self._ready
        self.drop()
        ending = set(self._ending)
        if ready is not None and not ready.done():
            for owner in ending:
                owner.cancel()
        if ending:
            _, late = await asyncio.wait(ending, timeout=CLOSE_S)
            for owner in late:
                owner.cancel()
            if late:
                await asyncio.wait(late, timeout=CLOSE_S)


def _is_lost(error: Exception) -> bool:
    """Whether the connection is no good any more: closed, or silent where an answer takes no time."""
    return isinstance(error, TimeoutError | OSError) or getattr(error, "code", None) == CONNECTION_CLOSED


def _kind(error: BaseException) -> str:
    """The innermost kind of an error: its words may hold addresses and keys."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return type(error).__name__
