"""``python -m gateway.lab.model --script FILE --port N``: the stand-in as a process of its own, on this computer only."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from aiohttp import web

from gateway.lab.model.lab import DEMO, ModelLab
from gateway.lab.model.script import ScriptError, load_script

HOST = "127.0.0.1"
PORT = 8092


async def serve(lab: ModelLab, port: int) -> None:
    """Serve until the process is told to end; one line when it listens."""
    runner = web.AppRunner(lab.app(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port, backlog=1_024)
        await site.start()
        bound = runner.addresses[0][1]
        sys.stdout.write(f"ready http://{HOST}:{bound}/v1\n")
        sys.stdout.flush()
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        await ended.wait()
    finally:
        await runner.cleanup()


def main() -> int:
    """Read the arguments, serve; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m gateway.lab.model", description=__doc__)
    parser.add_argument(
        "--script", type=Path, default=DEMO, help="the script file (YAML or JSON); the demo's by default"
    )
    parser.add_argument("--port", type=int, default=PORT, help="where it listens; 0: any free port")
    parser.add_argument("--puppet", action="store_true", help="obey every instruction found anywhere")
    told = parser.parse_args()
    try:
        lab = ModelLab(load_script(told.script))
    except ScriptError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    lab.is_puppet = told.puppet
    run = asyncio.run
    if sys.platform != "win32":
        import uvloop  # noqa: PLC0415  only this process needs it

        run = uvloop.run
    try:
        run(serve(lab, told.port))
    except OSError as error:
        sys.stderr.write(f"cannot listen on port {told.port}: {error.strerror}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
