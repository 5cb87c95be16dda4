"""The lab's scripted models as a process that also tells when it wrote what: ``python -m bench.model_server SCRIPT``."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import web

from gateway.lab.model.calls import Call, Calls
from gateway.lab.model.lab import ModelLab
from gateway.lab.model.script import read_script

MOST_CALLS = 5_000


def _told(call: Call) -> dict[str, Any]:
    """One call: its times by the computer's monotonic clock, what it said, and the contact's words that it read."""
    return {
        "purpose": call.purpose,
        "asked": json.dumps(call.messages[-1]["content"]) if call.messages else "",
        "said": call.said,
        "ended": call.ended,
        "began_s": call.began_s,
        "ended_s": call.ended_s,
        "writes": call.writes,
    }


async def _serve(told: Any) -> None:
    lab = ModelLab(read_script(told))
    lab.calls = Calls(kept=MOST_CALLS)
    app = lab.app()

    async def calls(_: web.Request) -> web.Response:
        told = [_told(call) for call in lab.calls]
        lab.calls.clear()
        return web.json_response(told)

    app.router.add_get("/_lab/calls", calls)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1_024).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve(json.loads(Path(sys.argv[1]).read_text())))
