"""Load from the other core: wrk with signed events that are all different, and a bare echo to compare with."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from evals.serving import free_port, get_status

SERVER_CORE, LOAD_CORE = "0", "1" if (os.cpu_count() or 1) > 1 else "0"
PIN = ("taskset", "-c", SERVER_CORE)
CONNECTIONS = 64

REPORT = """
function done(summary, latency, requests)
  io.write(string.format("RESULT %d %d %.1f %.1f %d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
"""

REPLAY = """
local requests, next_one = {}, 0
init = function(args)
  for line in io.lines("%s") do
    local id, stamp, signature, body = line:match("^(%%S+) (%%S+) (%%S+) (.*)$")
    requests[#requests + 1] = wrk.format("POST", "%s", {["Host"] = wrk.headers["Host"], ["content-type"] = "application/json",
      ["webhook-id"] = id, ["webhook-timestamp"] = stamp, ["webhook-signature"] = signature}, body)
  end
end
request = function()
  next_one = next_one + 1
  return requests[(next_one - 1) %% #requests + 1]
end
"""

RAW = """
local requests, next_one = {}, 0
init = function(args)
  local file = io.open("%s", "rb")
  while true do
    local size = file:read(8)
    if not size then break end
    requests[#requests + 1] = file:read(tonumber(size))
  end
  file:close()
end
request = function()
  next_one = next_one + 1
  return requests[(next_one - 1) %% #requests + 1]
end
"""
"""Whole requests, each after its length in eight digits; they are sent as they stand."""

ECHO = """
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.body = '%s'
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk saw: requests a second, milliseconds, failures."""

    per_second: float
    p50_ms: float
    p99_ms: float
    requests: int
    errors: int


def event_body(number: int, conversations: int) -> bytes:
    """One signed event's body, about 300 bytes, as a company's own app sends it."""
    return json.dumps(
        {
            "type": "message",
            "thread": f"thread-{number % conversations}",
            "id": f"message-{number}",
            "sent_at": datetime.now(UTC).isoformat(),
            "text": "Hello, where is my order LK-204518? It should have been here on Monday.",
            "contact": {"id": f"customer-{number % conversations}", "name": "Alex Example"},
            "locale": "en-GB",
        }
    ).encode()


def signed(number: int, key: bytes, body: bytes) -> tuple[str, str, str]:
    """Standard Webhooks headers of a body: id, timestamp, signature."""
    name, stamp = f"msg_{number}", str(int(time.time()))
    mac = hmac.new(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return name, stamp, "v1," + base64.b64encode(mac).decode()


def write_events(path: Path, *, first: int, count: int, key: bytes, conversations: int) -> None:
    """A file of signed requests for ``REPLAY``: one a line, id, timestamp, signature, body."""
    with path.open("wb") as file:
        for number in range(first, first + count):
            body = event_body(number, conversations)
            file.write(" ".join(signed(number, key, body)).encode() + b" " + body + b"\n")


def raw_request(url: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """One whole HTTP request, as ``RAW`` and the paced load send it."""
    parts = urlsplit(url)
    given = {"Host": parts.netloc, **headers, "Content-Length": str(len(body))}
    lines = [f"POST {parts.path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items()), "", ""]
    return "\r\n".join(lines).encode() + body


def framed(request: bytes) -> bytes:
    """A request as it stands in a file of them: after its length in eight digits."""
    return b"%08d" % len(request) + request


def wrk(url: str, script: str, *, seconds: float) -> Load:
    """Run wrk on the load core."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script + REPORT)
        file.flush()
        command = [
            "taskset",
            "-c",
            LOAD_CORE,
            "wrk",
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{max(1, round(seconds))}s",
            "-s",
            file.name,
            url,
        ]
        out = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 60)
    found = re.search(r"RESULT (\d+) (\d+) ([\d.]+) ([\d.]+) (\d+)", out.stdout)
    if found is None:
        raise RuntimeError(f"wrk gave no result: {out.stdout}{out.stderr}")
    requests, micros, p50, p99, errors = (float(x) for x in found.groups())
    return Load(requests / micros * 1e6, p50 / 1e3, p99 / 1e3, int(requests), int(errors))


@contextmanager
def echo_server(*, uvloop: bool) -> Iterator[str]:
    """The baseline: a bare aiohttp JSON echo on the server core."""
    port = free_port()
    arguments = [str(port), "uvloop"] if uvloop else [str(port)]
    process = subprocess.Popen([*PIN, sys.executable, "-m", "bench.echo", *arguments])
    try:
        end = time.monotonic() + 10
        while get_status(f"http://127.0.0.1:{port}/") == 0:
            if time.monotonic() > end:
                raise RuntimeError("the echo server did not start")
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait()
