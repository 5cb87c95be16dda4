"""Many streams at once, read with as little work as possible; ``python -m tests.lab.model.load`` measures how late they come.

It starts the stand-in as a process of its own and prints one line: streams, pieces per second, how late the first piece
comes, how far the others come from their time after it, how late they were written, and the stand-in's processor time.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import uvloop

STREAMS = 200
FIRST_S = 0.3
PER_S = 40
TOKENS = 160
SPREAD_S = 1.0
"""They begin within this time: so many contacts do not write in the same millisecond."""

KEY = "lab-test-key"


@dataclass
class StreamRead:
    """One stream: its pieces and when each came, in seconds from the request."""

    at: list[float] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    is_ended: bool = False

    @property
    def text(self) -> str:
        return "".join(self.parts)


async def read_streams(host: str, port: int, *, count: int, spread_s: float = 0.0) -> list[StreamRead]:
    """Ask so many times, beginning within ``spread_s``, and read all to the end."""
    return await asyncio.gather(*(_read(host, port, spread_s * place / count) for place in range(count)))


async def _read(host: str, port: int, after_s: float) -> StreamRead:
    await asyncio.sleep(after_s)
    body = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "Tell me."}]})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n"
    reader, writer = await asyncio.open_connection(host, port)
    stream, now = StreamRead(), asyncio.get_running_loop().time
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    started = now()
    raw: list[tuple[float, bytes]] = []
    while data := await reader.read(65_536):
        raw.append((now() - started, data))
    writer.close()
    _take(stream, raw)
    return stream


def _take(stream: StreamRead, raw: list[tuple[float, bytes]]) -> None:
    """The events, each with the time of the read that ended it; done when nobody waits any more."""
    rest = b""
    for at, data in raw:
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b"data: [DONE]"):
                stream.is_ended = True
            elif line.startswith(b"data: "):
                content = json.loads(line[6:])["choices"][0]["delta"].get("content")
                if content:
                    stream.at.append(at)
                    stream.parts.append(content)


def _told(known_ms: list[float]) -> str:
    """The middle and the worst of a sorted list."""
    return f"p50 {statistics.median(known_ms):.1f}, p99 {known_ms[len(known_ms) * 99 // 100]:.1f} ms"


def main() -> int:
    """Measure and print."""
    script = {"keys": [KEY], "first_token_s": FIRST_S, "tokens_per_s": PER_S, "default": {"text": "word " * TOKENS}}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "script.json"
        path.write_text(json.dumps(script))
        command = [sys.executable, "-m", "gateway.lab.model", "--script", str(path), "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            port = int(process.stdout.readline().split(":")[-1].split("/")[0])
            before, started = psutil.Process(process.pid).cpu_times(), time.perf_counter()
            streams = uvloop.run(read_streams("127.0.0.1", port, count=STREAMS, spread_s=SPREAD_S))
            took, after = time.perf_counter() - started, psutil.Process(process.pid).cpu_times()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_lab/state") as answer:
                late = json.load(answer)["late_ms"]
            process.terminate()
    first = sorted((s.at[0] - FIRST_S - 1 / PER_S) * 1_000 for s in streams)
    off = sorted(abs(at - s.at[0] - place / PER_S) * 1_000 for s in streams for place, at in enumerate(s.at))
    cpu = after.user + after.system - before.user - before.system
    print(
        f"{STREAMS} streams, {len(off) / took:.0f} pieces/s, whole {sum(s.is_ended for s in streams)}; "
        f"first piece late {_told(first)}; pace off {_told(off)}; written late {late}; "
        f"server {cpu / took * 100:.0f} % of a core, {cpu / len(off) * 1e6:.0f} µs a piece"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
