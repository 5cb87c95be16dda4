"""The vendors' own SDK apps with a handler that does nothing: ``python -m bench.sdk_apps NAME PORT``.

Each is the SDK's documented way to take a webhook in aiohttp, with its own verification and parsing, and nothing stored.  Calls
to the vendor that an SDK makes by itself are answered in the process, so that only the inbound path is measured.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bench.vendor_events import SLACK_SECRET, TELEGRAM_SECRET, TWILIO_TOKEN

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def slack_bolt() -> Handler:
    """slack-bolt's AsyncApp: signature, parsing, middlewares, listener."""
    from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
    from slack_bolt.async_app import AsyncApp
    from slack_bolt.authorization import AuthorizeResult

    async def authorize(**_: Any) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None, team_id="T0001", bot_user_id="U0BOT", bot_id="B0BOT", bot_token="xoxb-bench"
        )

    app = AsyncApp(signing_secret=SLACK_SECRET, authorize=authorize)

    @app.event("message")
    async def heard() -> None:
        """Do nothing."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    return handle


async def telegram_bot() -> Handler:
    """python-telegram-bot's Application, each update processed before the answer."""
    from telegram import Update
    from telegram.ext import Application, MessageHandler, filters
    from telegram.request import BaseRequest

    class Silent(BaseRequest):
        """Answers the SDK's own calls."""

        @property
        def read_timeout(self) -> float:
            return 5.0

        async def initialize(self) -> None:
            """Nothing to open."""

        async def shutdown(self) -> None:
            """Nothing to close."""

        async def do_request(self, url: str, *_: Any, **__: Any) -> tuple[int, bytes]:
            me = {"id": 1, "is_bot": True, "first_name": "Bench", "username": "bench_bot"}
            return 200, json.dumps({"ok": True, "result": me if url.endswith("getMe") else True}).encode()

    app = Application.builder().token("1:bench").updater(None).request(Silent()).get_updates_request(Silent()).build()

    async def heard(*_: Any) -> None:
        """Do nothing."""

    app.add_handler(MessageHandler(filters.TEXT, heard))
    await app.initialize()
    await app.start()

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.headers.get("X-Telegram-Bot-Api-Secret-Token") != TELEGRAM_SECRET:
            return web.Response(status=403)
        await app.process_update(Update.de_json(await request.json(), app.bot))
        return web.Response()

    return handle


async def twilio_validator() -> Handler:
    """twilio's RequestValidator and an empty TwiML answer."""
    from twilio.request_validator import RequestValidator
    from twilio.twiml.messaging_response import MessagingResponse

    validator = RequestValidator(TWILIO_TOKEN)

    async def handle(request: web.Request) -> web.StreamResponse:
        form = await request.post()
        if not validator.validate(str(request.url), form, request.headers.get("X-Twilio-Signature", "")):
            return web.Response(status=403)
        return web.Response(text=str(MessagingResponse()), content_type="text/xml")

    return handle


async def m365_agents() -> Handler:
    """microsoft-agents' CloudAdapter; it checks no token here, since its check wants Microsoft's servers."""
    from microsoft_agents.authentication.msal import MsalConnectionManager
    from microsoft_agents.hosting.aiohttp import CloudAdapter, start_agent_process
    from microsoft_agents.hosting.core import AgentApplication, MemoryStorage, TurnContext, TurnState
    from microsoft_agents.hosting.core.authorization import ClaimsIdentity

    settings = {"ANONYMOUS_ALLOWED": True, "CLIENTID": "", "AUTHTYPE": "ClientSecret"}
    connections = MsalConnectionManager(
        CONNECTIONS={"SERVICE_CONNECTION": {"SETTINGS": settings}},
        CONNECTIONSMAP=[{"SERVICEURL": "*", "CONNECTION": "SERVICE_CONNECTION"}],
    )
    adapter = CloudAdapter(connection_manager=connections)
    agent: AgentApplication[TurnState] = AgentApplication(
        storage=MemoryStorage(), adapter=adapter, connection_manager=connections
    )

    @agent.activity("message")
    async def heard(_: TurnContext, __: TurnState) -> None:
        """Do nothing."""

    async def handle(request: web.Request) -> web.StreamResponse:
        request["claims_identity"] = ClaimsIdentity({}, authentication_type="Anonymous")
        return await start_agent_process(request, agent, adapter) or web.Response(status=202)

    return handle


APPS = {"slack": slack_bolt, "telegram": telegram_bot, "sms": twilio_validator, "teams": m365_agents}


async def _application(name: str) -> web.Application:
    handle = await APPS[name]()

    async def ready(_: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_get("/", ready)
    app.router.add_post("/webhooks/{account}", handle)
    return app


def main() -> None:
    """Serve one SDK app until terminated."""
    logging.basicConfig(level=logging.ERROR)
    name, port = sys.argv[1], int(sys.argv[2])
    web.run_app(_application(name), host="127.0.0.1", port=port, access_log=None, print=lambda *_: None)


if __name__ == "__main__":
    main()
