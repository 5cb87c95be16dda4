"""A real ``frontdesk serve`` in a process of its own, on free loopback ports: for evals, benchmarks and tests."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
READY_LIMIT_S = 120.0


def free_port() -> int:
    """A loopback port nobody listens on now, below those that outgoing connections get: still free at a restart."""
    while True:
        port = random.randrange(12_000, 32_000)  # noqa: S311  not a secret
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def get_status(url: str) -> int:
    """The HTTP status of a GET; 0 when nobody answers."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=5)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


class Served:
    """One data directory and the serve processes that run on it, one after another.

    ``settings`` is the YAML (as a mapping) without ports and data_dir; both listeners get free ports that stay the same over
    restarts.  ``prefix`` goes before the command, for instance ``taskset -c 0``.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, Any],
        *,
        environ: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
    ) -> None:
        self.prefix = tuple(prefix)
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.port, self.internal_port = free_port(), free_port()
        self.environ = dict(environ or {})
        self.config = folder / "frontdesk.yaml"
        self.log = folder / "serve.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.write({**settings})

    @property
    def url(self) -> str:
        """The public listener."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def internal_url(self) -> str:
        """The internal listener."""
        return f"http://127.0.0.1:{self.internal_port}"

    def write(self, settings: dict[str, Any]) -> None:
        """Write the YAML (JSON is YAML) with this instance's ports and data folder."""
        server = dict(settings.get("server", {}))
        server["public"] = {**server.get("public", {}), "host": "127.0.0.1", "port": self.port}
        server["internal"] = {**server.get("internal", {}), "host": "127.0.0.1", "port": self.internal_port}
        full = {"version": 1, "data_dir": str(self.folder / "var"), **settings, "server": server}
        self.config.write_text(json.dumps(full, indent=1))

    @property
    def pid(self) -> int:
        """The id of the serving process."""
        if self.process is None:
            raise RuntimeError("nothing is served now")
        return self.process.pid

    def start(self, *, wait: bool = True, **environ: str) -> None:
        """Start serving; returns once ``/readyz`` says so."""
        log = self.log.open("ab")
        self.process = subprocess.Popen(
            [*self.prefix, sys.executable, "-m", "gateway", "serve", "--config", str(self.config)],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            env={**os.environ, **self.environ, **environ},
        )
        log.close()
        if wait:
            self.wait_ready()

    def wait_ready(self, limit_s: float = READY_LIMIT_S) -> None:
        """Wait for readiness; fails with the log when the process ends first."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            if self.process is None or self.process.poll() is not None:
                raise AssertionError(f"serve ended before it was ready:\n{self.log_text()[-4000:]}")
            if get_status(self.internal_url + "/readyz") == 200:
                return
            time.sleep(0.02)
        raise AssertionError(f"not ready after {limit_s} s:\n{self.log_text()[-4000:]}")

    def log_text(self) -> str:
        """All that the processes wrote."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def kill(self) -> None:
        """End it the hard way."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self, limit_s: float = 30.0) -> int:
        """SIGTERM, wait for the drain, return the exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(limit_s)
        self.process = None
        return code

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another ``frontdesk`` command on the same configuration."""
        return subprocess.run(
            [sys.executable, "-m", "gateway", *arguments, "--config", str(self.config)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, **self.environ},
        )
