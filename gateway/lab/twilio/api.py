"""Twilio's REST API, as much of it as a support bot calls."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from gateway.lab.twilio import content
from gateway.lab.twilio.refusals import Refusal
from gateway.lab.twilio.sending import Asked
from gateway.lab.twilio.state import Content
from gateway.lab.vendor import Fault

if TYPE_CHECKING:
    from gateway.lab.twilio.lab import TwilioLab

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
FAULT_CODES = {Fault.THROTTLED: 20429, Fault.UNAVAILABLE: 20503, Fault.REFUSED: 21408, Fault.UNAUTHORIZED: 20003}


class Api:
    """The API of one account."""

    def __init__(self, lab: TwilioLab) -> None:
        self._lab = lab

    def app(self) -> web.Application:
        """Served at a root or under a prefix."""
        app = web.Application(middlewares=[self._guard], client_max_size=1_000_000)
        account = "/2010-04-01/Accounts/{account}"
        app.add_routes(
            [
                web.get(account + ".json", self._account),
                web.post(account + "/Messages.json", self._create),
                web.get(account + "/Messages.json", self._list),
                web.get(account + "/Messages/{sid}.json", self._fetch),
                web.get(account + "/Messages/{sid}/Media/{media}", self._media),
                web.delete(account + "/Messages/{sid}/Media/{media}", self._delete_media),
                web.get(account + "/IncomingPhoneNumbers.json", self._numbers),
                web.get("/cdn/{media}", self._cdn),
                web.post("/v1/Content", self._create_content),
                web.delete("/v1/Content/{sid}", self._delete_content),
                web.get("/v1/Services/{sid}", self._service),
                web.get("/v2/Channels/Senders", self._senders),
                web.post("/v2/Indicators/Typing.json", self._typing),
            ]
        )
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Basic authentication, the account in the path, and refusals as Twilio writes them."""
        self._lab.calls.append(f"{request.method} {request.path}")
        try:
            is_cdn = request.match_info.handler == self._cdn
            if not is_cdn and not self._is_authorized(request.headers.get("Authorization", "")):
                raise Refusal(20003)
            if request.match_info.get("account", self._lab.account_sid) != self._lab.account_sid:
                raise Refusal(20404)
            response = await handler(request)
        except Refusal as refusal:
            response = refusal.response()
        if not response.prepared:
            response.headers["Date"] = format_datetime(self._lab.now().astimezone(UTC), usegmt=True)
        return response

    def _is_authorized(self, header: str) -> bool:
        scheme, _, encoded = header.partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True)
        except ValueError:
            return False
        logins = [f"{sid}:{secret}".encode() for sid, secret in self._lab.logins.items()]
        return scheme == "Basic" and any(hmac.compare_digest(given, login) for login in logins)

    def _refuse(self, method: str) -> bool:
        """Raise the fault that waits for this call; True when it is to be done and then not answered."""
        fault = self._lab.faults.take(method)
        if fault is None:
            return False
        if fault is Fault.LOST_ANSWER:
            return True
        self._lab.watch.changed()
        raise Refusal(FAULT_CODES[fault], retry_after_s=1 if fault is Fault.THROTTLED else None)

    async def _create(self, request: web.Request) -> web.Response:
        is_lost = self._refuse("messages.create")
        posted = await request.post()
        form = {name: value for name, value in posted.items() if isinstance(value, str) and name != "MediaUrl"}
        media = [value for value in posted.getall("MediaUrl", []) if isinstance(value, str)]
        entry = self._lab.sender.create(Asked(form=form, media=media), self._lab.now())
        self._lab.accepted(entry)
        if is_lost:
            return cut_off(request)
        return web.json_response(entry.wire(self._lab.account_sid), status=201)

    async def _list(self, request: web.Request) -> web.Response:
        self._refuse("messages.list")
        wanted = {"To": "to", "From": "sender"}
        found = [
            entry
            for entry in reversed(self._lab.book.entries)
            if all(getattr(entry, at) == request.query[name] for name, at in wanted.items() if name in request.query)
        ]
        size = int(request.query.get("PageSize", "50"))
        return web.json_response({"messages": [item.wire(self._lab.account_sid) for item in found[:size]], "page": 0})

    async def _fetch(self, request: web.Request) -> web.Response:
        entry = self._lab.book.entry(request.match_info["sid"])
        if entry is None:
            raise Refusal(20404)
        return web.json_response(entry.wire(self._lab.account_sid))

    async def _media(self, request: web.Request) -> web.Response:
        """The file itself lies at a storage that takes no credentials but its own."""
        if self._refuse("media.fetch"):
            return cut_off(request)
        if request.match_info["media"] not in self._lab.book.media:
            raise Refusal(20404)
        root = request.path.partition("/2010-04-01/")[0]
        location = f"{request.scheme}://{request.host}{root}/cdn/{request.match_info['media']}"
        return web.Response(status=307, headers={"Location": location})

    async def _cdn(self, request: web.Request) -> web.Response:
        found = self._lab.book.media.get(request.match_info["media"])
        if found is None:
            return web.Response(status=404)
        return web.Response(body=found[1], headers={"Content-Type": found[0]})

    async def _delete_media(self, request: web.Request) -> web.Response:
        if self._lab.book.media.pop(request.match_info["media"], None) is None:
            raise Refusal(20404)
        return web.Response(status=204)

    async def _account(self, request: web.Request) -> web.Response:
        self._refuse("accounts.fetch")
        return web.json_response({"sid": self._lab.account_sid, "status": "active", "type": "Full"})

    async def _numbers(self, request: web.Request) -> web.Response:
        asked = request.query.get("PhoneNumber", self._lab.number)
        ours = self._lab.number.removeprefix("whatsapp:")
        number = {
            "sid": "PN" + "0" * 32,
            "phone_number": ours,
            "sms_url": self._lab.registered_url,
            "sms_method": "POST",
            "sms_fallback_url": "",
        }
        return web.json_response({"incoming_phone_numbers": [number] if asked == ours else []})

    async def _senders(self, request: web.Request) -> web.Response:
        sender = {
            "sid": "XE" + "0" * 32,
            "sender_id": self._lab.number,
            "status": "ONLINE",
            "webhook": {"callback_url": self._lab.registered_url, "callback_method": "POST"},
        }
        return web.json_response({"senders": [sender], "meta": {"page": 0}})

    async def _service(self, request: web.Request) -> web.Response:
        if request.match_info["sid"] != self._lab.sender.service:
            raise Refusal(20404)
        url = self._lab.registered_url
        return web.json_response(
            {"sid": request.match_info["sid"], "inbound_request_url": url, "inbound_method": "POST"}
        )

    async def _create_content(self, request: web.Request) -> web.Response:
        self._refuse("content.create")
        try:
            body: Any = json.loads(await request.read())
            content.check(body)
        except (ValueError, TypeError, AttributeError) as error:
            return web.json_response({"code": 20001, "message": str(error), "status": 400}, status=400)
        made = Content(sid=self._lab.book.new_sid("HX"), body=body)
        self._lab.book.contents[made.sid] = made
        return web.json_response({"sid": made.sid, **body}, status=201)

    async def _delete_content(self, request: web.Request) -> web.Response:
        if self._lab.book.contents.pop(request.match_info["sid"], None) is None:
            raise Refusal(20404)
        return web.Response(status=204)

    async def _typing(self, request: web.Request) -> web.Response:
        self._refuse("typing.create")
        form = await request.post()
        entry = self._lab.book.entry(str(form.get("messageId", "")))
        if form.get("channel") != "whatsapp" or entry is None or not entry.is_inbound or self._lab.kind != "whatsapp":
            raise Refusal(20404)
        entry.status = "read"
        self._lab.typing_since(self._lab.now())
        return web.json_response({"success": True}, status=200)


def cut_off(request: web.Request) -> web.Response:
    """It is done, but the answer never arrives."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=201)


def now() -> datetime:
    """The stand-in's clock before it is shifted."""
    return datetime.now(UTC)
