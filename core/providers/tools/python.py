"""Tools that are functions of an installed package, found by their entry point.  YAML never names a module.

A function is called as ``function(arguments, key=key)``, with the idempotency key of the call; it may be async, and gives back
a text or what JSON can hold.  It raises ``core.errors.ToolFailed`` to say that nothing happened; after anything else nobody
knows.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from core.errors import ToolFailed
from core.ports.tools import SideEffect, Tool, ToolOutput
from core.providers.tools.answers import NOTHING, as_json, bounded
from core.providers.tools.declared import PythonTool
from core.providers.tools.specs import spec_of

GROUP: Final = "frontdesk.tools"
THREADS: Final = 4
"""Per tool, so that a function that hangs stops nobody but itself; more calls at once are refused, not queued."""

Function = Callable[..., Any]


def found(name: str) -> EntryPoint | None:
    """The entry point of this name, when a package that offers it is installed."""
    return next(iter(entry_points(group=GROUP, name=name)), None)


class PythonRunner:
    """Reaches one function; sync ones run in threads of their own."""

    def __init__(self, tool: PythonTool) -> None:
        self._name = tool.entry_point or tool.name
        self._chars = tool.result_chars
        self._function: Function | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._running: set[Future[Any]] = set()

    async def call(self, arguments: Mapping[str, Any], *, key: str, timeout_s: float) -> ToolOutput:
        """Call it once; a thread that is late cannot be stopped, only left alone."""
        function = await asyncio.to_thread(self._loaded)
        self._running = {running for running in self._running if not running.done()}
        if len(self._running) >= THREADS:
            raise ToolFailed("all its threads are busy", is_certain=True)
        try:
            async with asyncio.timeout(timeout_s):
                value = await self._result(function, dict(arguments), key)
        except TimeoutError as error:
            raise ToolFailed(f"no answer within {timeout_s:.3g} s", is_certain=False) from error
        except ToolFailed as error:
            raise ToolFailed("it could not do it", is_certain=error.is_certain) from error
        except Exception as error:
            raise ToolFailed(f"the function failed ({type(error).__name__})", is_certain=False) from error
        return self._output(value)

    def problem(self) -> str | None:
        """Why it cannot be called; loads the function."""
        try:
            self._loaded()
        except ToolFailed as error:
            return error.safe_message
        return None

    def _loaded(self) -> Function:
        if self._function is not None:
            return self._function
        entry = found(self._name)
        if entry is None:
            raise ToolFailed(f"no installed package offers {self._name} in the group {GROUP}", is_certain=True)
        try:
            function = entry.load()
        except Exception as error:  # whatever a package does when it is imported
            raise ToolFailed(f"{self._name} cannot be loaded ({type(error).__name__})", is_certain=True) from error
        if not callable(function):
            raise ToolFailed(f"{self._name} is not a function", is_certain=True)
        self._function = function
        return self._function

    async def _result(self, function: Function, arguments: dict[str, Any], key: str) -> Any:
        if inspect.iscoroutinefunction(function):
            return await function(arguments, key=key)
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix=f"tool-{self._name}")
        running = self._threads.submit(function, arguments, key=key)
        self._running.add(running)
        return await asyncio.wrap_future(running)

    def _output(self, value: Any) -> ToolOutput:
        if value is None:
            return ToolOutput(text=NOTHING)
        try:
            return bounded(value if isinstance(value, str) else as_json(value), self._chars)
        except (TypeError, ValueError, RecursionError) as error:
            raise ToolFailed("its result is neither a text nor JSON", is_certain=False) from error

    async def close(self) -> None:
        """Take no more calls; safe twice."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)


def python_tool(tool: PythonTool) -> tuple[Tool, PythonRunner]:
    """The tool, and the way to it with what the doctor asks."""
    runner = PythonRunner(tool)
    return Tool(spec=spec_of(tool.name, tool, tool.parameters, effect=SideEffect.WRITE), runner=runner), runner
