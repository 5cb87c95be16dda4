"""The stand-in of a vendor that does not exist: the smallest one that can do everything the VendorContract asks about."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from gateway.lab.vendor import Delivered, Fault, Faults, Hook, LabMessage, Watch

TOKEN = "paper-token-3f9a"
SECRETS = ("paper-secret-one", "paper-secret-two")
MAX_TEXT = 2_000
ROOM = "r1"
STATUS = {Fault.THROTTLED: 429, Fault.UNAVAILABLE: 503, Fault.REFUSED: 400, Fault.UNAUTHORIZED: 401}


def sign(secret: str, stamp: int, body: bytes) -> dict[str, str]:
    """The vendor's proof."""
    mac = hmac.digest(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
    return {"X-Paper-Time": str(stamp), "X-Paper-Signature": mac.hex()}


class PaperLab:
    """A ``VendorLab``."""

    kind = "paper"

    def __init__(self) -> None:
        self.faults = Faults()
        self.hook = Hook()
        self.watch = Watch()
        self._shown: dict[str, LabMessage] = {}
        self._keys: dict[str, str] = {}
        self._files: dict[str, bytes] = {}
        self._number = 0
        self._is_lost = False

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/me", self._me),
                web.post("/messages", self._post),
                web.get("/messages", self._find),
                web.put("/messages/{ref}", self._put),
                web.post("/typing", self._me),
                web.get("/files/{id}", self._file),
            ]
        )
        return app

    def messages(self, room: str | None = None) -> tuple[LabMessage, ...]:
        return tuple(shown for shown in self._shown.values() if shown.room == (room or ROOM))

    async def say(self, text: str) -> Delivered:
        return await self._hook("said", text=text)

    async def press(self, ref: str, choice: str) -> Delivered:
        return await self._hook("pressed", text=choice, about=ref)

    async def attach(
        self, name: str, media_type: str, body: bytes, *, text: str = "", is_voice: bool = False
    ) -> Delivered:
        self._number += 1
        self._files[str(self._number)] = body
        return await self._hook("said", text=text, files=[{"id": str(self._number), "name": name, "type": media_type}])

    async def close(self) -> None:
        await self.hook.close()

    async def _hook(self, type: str, **fields: Any) -> Delivered:
        self._number += 1
        now = datetime.now(UTC)
        body = json.dumps(
            {"type": type, "id": f"e{self._number}", "room": ROOM, "who": "ann", "at": now.isoformat(), **fields}
        ).encode()
        return await self.hook.post(body, sign(SECRETS[0], int(now.timestamp()), body))

    def _refusal(self, request: web.Request, method: str) -> web.Response | None:
        fault = self.faults.take(method)
        if fault is None and request.headers.get("Authorization") != f"Bearer {TOKEN}":
            fault = Fault.UNAUTHORIZED
        self._is_lost = fault is Fault.LOST_ANSWER
        if fault is None or fault is Fault.LOST_ANSWER:
            return None
        headers = {"Retry-After": "7"} if fault is Fault.THROTTLED else {}
        return web.Response(status=STATUS[fault], headers=headers)

    async def _me(self, request: web.Request) -> web.Response:
        return self._refusal(request, "me") or web.json_response({"ok": True})

    async def _post(self, request: web.Request) -> web.Response:
        refused = self._refusal(request, "post")
        if refused is not None:
            return refused
        body = await request.json()
        if not body["text"].strip() or len(body["text"]) > MAX_TEXT:
            return web.Response(status=400)
        self._number += 1
        ref = f"p{self._number}"
        self._shown[ref] = LabMessage(
            room=body["room"],
            ref=ref,
            author="bot",
            text=body["text"],
            choices=tuple(body.get("choices", ())),
            files=tuple(body.get("files", ())),
            is_streaming=body.get("streaming", False),
            raw=body,
        )
        self._keys[body["key"]] = ref
        return self._answer(request, ref)

    async def _put(self, request: web.Request) -> web.Response:
        refused = self._refusal(request, "put")
        if refused is not None:
            return refused
        body, ref = await request.json(), request.match_info["ref"]
        self._shown[ref] = replace(self._shown[ref], text=body["text"], is_streaming=body["streaming"], raw=body)
        return self._answer(request, ref)

    def _answer(self, request: web.Request, ref: str) -> web.Response:
        if self._is_lost and request.transport is not None:
            request.transport.close()
        return web.json_response({"ref": ref})

    async def _find(self, request: web.Request) -> web.Response:
        return web.json_response({"ref": self._keys.get(request.query["key"])})

    async def _file(self, request: web.Request) -> web.Response:
        found = self._files.get(request.match_info["id"])
        return web.Response(status=404) if found is None else web.Response(body=found)
