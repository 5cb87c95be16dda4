"""The scrip of docs/desks/rt.md, as it stands there, in a real Request Tracker."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.ports.channel import RawRequest
from core.ports.helpdesk import CaseTouched
from handoff import DeskContext
from handoff.desks.rt.helpdesk import RtHelpdesk
from handoff.desks.rt.settings import RtSettings
from tests.channels.context import HeldFiles, HeldMemory, NoLive
from tests.handoff.desks.rt.server import Person, RtServer

pytestmark = pytest.mark.asyncio(loop_scope="session")
PAGE = Path(__file__).parents[4] / "docs" / "desks" / "rt.md"
TOKEN = "a token that only RT and we know"
LIMIT_S = 30.0


def scrip(url: str) -> str:
    """The page's code for our address and token."""
    found = re.search(r"```perl\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    code = found[1].replace("https://frontdesk.example.com/webhooks/desk/acme", url)
    return code.replace("the webhook_token of the YAML", TOKEN)


async def test_the_scrip_of_the_page_pings_for_agents_only(server: RtServer) -> None:
    heard: asyncio.Queue[RawRequest] = asyncio.Queue()

    async def door(request: web.Request) -> web.Response:
        body = await request.read()
        told = RawRequest(method="POST", path="/", headers=request.headers, body=body, received_at=datetime.now(UTC))
        heard.put_nowait(told)
        return web.Response()

    app = web.Application()
    app.router.add_post("/webhooks/desk/acme", door)
    context = DeskContext(
        tenant="acme", live=NoLive(), files=HeldFiles(), memory=HeldMemory(), clock=lambda: datetime.now(UTC)
    )
    given = {"api_url": server.url, "user": "frontdesk", "token": server.token, "webhook_token": TOKEN}
    desk = RtHelpdesk.build(context, RtSettings.model_validate(given))
    async with TestServer(app) as frontdesk:
        await server.insert(_scrip_data(scrip(str(frontdesk.make_url("/webhooks/desk/acme")))))
        ref = await Person(server, "frontdesk").make(Queue="pinged", Subject="Ours")
        await Person(server, "frontdesk").write(ref, "correspond", "<p>not told</p>")
        await Person(server, "sue").write(ref, "correspond", "<p>told</p>")
        async with asyncio.timeout(LIMIT_S):
            ping = await heard.get()
    desk.verify(ping)
    assert desk.parse(ping) == (CaseTouched(ref=ref),)
    assert heard.empty(), "our own work makes no calls"
    await desk.close()


def _scrip_data(code: str) -> str:
    return f"""
our @Scrips = ({{
    Queue => 'pinged', Description => 'Frontdesk', ScripCondition => 'On Transaction', ScripAction => 'User Defined',
    Template => 'Blank', Stage => 'TransactionBatch', CustomPrepareCode => 'return 1;', CustomCommitCode => <<'CODE',
{code}
CODE
}});
1;
"""
