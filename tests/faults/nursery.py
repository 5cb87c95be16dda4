"""Serve processes that start fast: forked from a process that has the libraries loaded, and nothing of the gateway.

Each child is a process of its own that runs ``frontdesk serve`` from its first line, reads its own environment (crash points
too) and can be killed; only the import of libraries is saved, which is most of a start.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

from evals.serving import ROOT, Served

LIBRARIES = (
    "aiohttp.web", "config", "handoff.desks.builtin", "adapters.web", "core.providers.embedded", "core.turn",
    "kb_sync.sources.folder", "kb_sync.pipeline", "prometheus_client", "structlog", "typer", "uvloop",
    "adapters.slack.channel", "adapters.teams.channel", "adapters.telegram.channel", "adapters.twilio.channel",
    "core.providers.models.routing", "core.providers.tools.http", "handoff.service", "filetype", "sqlite3",
)  # fmt: skip


class Born:
    """A forked process, with as much of ``subprocess.Popen`` as ``Served`` uses."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.ended: Future[int] = Future()

    def poll(self) -> int | None:
        return self.ended.result() if self.ended.done() else None

    def wait(self, limit_s: float | None = None) -> int:
        return self.ended.result(limit_s)

    def send_signal(self, number: int) -> None:
        if not self.ended.done():
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(9)


class Nursery:
    """The parent of serve processes; use it as a context manager."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
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

    def born(self, config: Path, log: Path, environ: dict[str, str]) -> Born:
        """Start serving a configuration."""
        with self._lock:
            self._said = Future()
            pipe = cast(IO[str], self._process.stdin)
            pipe.write(json.dumps({"config": str(config), "log": str(log), "environ": environ}) + "\n")
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


class QuickServed(Served):
    """A served company whose processes come from a nursery."""

    @classmethod
    def of(cls, served: Served, nursery: Nursery) -> QuickServed:
        """The same folder, ports and YAML."""
        quick = cls.__new__(cls)
        quick.__dict__.update(served.__dict__)
        quick.nursery = nursery
        return quick

    nursery: Nursery

    def start(self, *, wait: bool = True, **environ: str) -> None:
        self.process = cast(Any, self.nursery.born(self.config, self.log, {**self.environ, **environ}))
        if wait:
            self.wait_ready()


def _serve(order: dict[str, Any]) -> None:
    """In the child: become ``frontdesk serve``; never returns."""
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for number in (1, 2):
        os.dup2(log, number)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.environ.update(order["environ"])
    code = 70
    try:
        from gateway.__main__ import run

        code = run(["serve", "--config", order["config"]])
    finally:
        sys.stderr.flush()
        os._exit(code)


def _say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def _bury(pid: int) -> None:
    _, status = os.waitpid(pid, 0)
    _say("dead", pid, os.waitstatus_to_exitcode(status))


def main() -> None:
    """Fork one child for each line read; say when it is born and how it ended."""
    for name in LIBRARIES:
        importlib.import_module(name)
    assert not any(name.startswith("gateway") for name in sys.modules), "a child must load the gateway itself"
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _serve(json.loads(line))
        _say("born", pid, 0)
        threading.Thread(target=_bury, args=(pid,), daemon=True).start()


if __name__ == "__main__":
    main()
