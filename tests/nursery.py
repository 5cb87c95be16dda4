"""Frontdesk processes that start fast: forked from one that has loaded the program, which is most of a start.

Each child is a process of its own that runs a ``frontdesk`` command with its own environment (crash points too), files and
signals, and can be killed.  That the program also starts from nothing is proved where tests use ``Served`` itself: the demo and
the lab in a browser, and tests/cli/test_cli.py.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self, cast

from evals.serving import ROOT, Served

LOADED: Final = (
    "gateway.serving", "gateway.cli.serve", "gateway.cli.sync", "gateway.compose",
    "anyio._backends._asyncio", "filetype", "jsonschema", "openai.resources.chat", "pymongo", "redis.asyncio", "sqlite3",
    "uvloop", "weaviate",
    "handoff.desks.builtin", "adapters.web", "core.providers.embedded", "kb_sync.sources.folder", "kb_sync.pipeline",
    "adapters.slack.channel", "adapters.teams.channel", "adapters.telegram.channel", "adapters.twilio.channel",
    "core.providers.models.routing", "core.providers.tools.http",
)  # fmt: skip
"""What serving and syncing import, also what they import only when it is used."""

READ_AT_IMPORT: Final = ("gateway.crashpoints",)
"""Modules that look at the environment while they are imported; each child reads its own."""

LIMIT_S: Final = 120.0


class Born:
    """A forked process, with as much of ``subprocess.Popen`` as ``Served`` and tests use."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.ended: Future[int] = Future()

    def poll(self) -> int | None:
        return self.ended.result() if self.ended.done() else None

    def wait(self, timeout: float | None = None) -> int:
        """The exit code; ``subprocess.TimeoutExpired`` after so many seconds."""
        try:
            return self.ended.result(timeout)
        except TimeoutError:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0) from None

    def send_signal(self, number: int) -> None:
        if not self.ended.done():
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(9)


class Nursery:
    """The parent of Frontdesk processes; use it as a context manager."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.nursery"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._lock = threading.Lock()
        self._said: Future[int] = Future()
        self._children: dict[int, Born] = {}
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in self._children.values():
            child.kill()
            child.wait(30)
        cast(IO[str], self._process.stdin).close()
        self._process.wait(30)
        self._reader.join(30)
        cast(IO[str], self._process.stdout).close()

    def born(self, *arguments: str, environ: Mapping[str, str], out: Path, err: Path | None = None) -> Born:
        """Start ``frontdesk`` in just this environment; it appends to ``out`` and ``err``, to one file if ``err`` is left out."""
        order = {"arguments": arguments, "environ": dict(environ), "out": str(out), "err": str(err or out)}
        with self._lock:
            self._said = Future()
            pipe = cast(IO[str], self._process.stdin)
            pipe.write(json.dumps(order) + "\n")
            pipe.flush()
            return self._children[self._said.result(60)]

    def _listen(self) -> None:
        for line in cast(IO[str], self._process.stdout):
            word, pid, code = line.split()
            if word == "born":
                self._children[int(pid)] = Born(int(pid))
                self._said.set_result(int(pid))
            else:
                self._children[int(pid)].ended.set_result(int(code))


@cache
def nursery() -> Nursery:
    """The one of this test process, which ends with it."""
    made = Nursery().__enter__()
    atexit.register(made.__exit__, None, None, None)
    return made


def frontdesk(*arguments: str, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; ``subprocess.TimeoutExpired`` after ``LIMIT_S`` seconds."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        child = nursery().born(*arguments, environ=environ, out=out, err=err)
        try:
            code = child.wait(LIMIT_S)
        finally:
            child.kill()
        return subprocess.CompletedProcess(arguments, code, out.read_text(), err.read_text())


class QuickServed(Served):
    """A served company whose processes come from the nursery; with a ``prefix`` they are started as everywhere."""

    def start(self, *, wait: bool = True, **environ: str) -> None:
        if self.prefix:
            super().start(wait=wait, **environ)
            return
        environment = {**os.environ, **self.environ, **environ}
        born = nursery().born("serve", "--config", str(self.config), environ=environment, out=self.log)
        self.process = cast(Any, born)
        if wait:
            self.wait_ready()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return frontdesk(*arguments, "--config", str(self.config), environ={**os.environ, **self.environ})


def _live(order: dict[str, Any]) -> None:
    """In the child: become ``frontdesk``; never returns."""
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(order[name], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(order["environ"])
    code = 1
    try:
        for name in READ_AT_IMPORT:
            importlib.reload(sys.modules[name])
        from gateway.__main__ import run

        code = run(order["arguments"])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def _bury(pid: int) -> None:
    _, status = os.waitpid(pid, 0)
    _say("dead", pid, os.waitstatus_to_exitcode(status))


def main() -> None:
    """Fork one child for each line read; say when it is born and how it ended."""
    for name in (*LOADED, *READ_AT_IMPORT):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _live(json.loads(line))
        _say("born", pid, 0)
        threading.Thread(target=_bury, args=(pid,), daemon=True).start()


if __name__ == "__main__":
    main()
