"""Activities and tokens as Teams makes them, written from the protocol's pages and not from the channel's code."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from typing import Any

import jwt

from core.ports.channel import RawRequest
from gateway.lab.teams.identity import ConnectorKey
from gateway.lab.teams.lab import GROUP, PRIVATE
from tests.contracts.channel_descriptor import NOW

APP = "11111111-2222-4333-8444-555555555555"
TENANT_ID = "a1b2c3d4-e5f6-4890-abcd-ef1234567890"
BOT = f"28:{APP}"
ALEX = "29:1alex-lab"
OBJECT_ID = "3f1c0f6e-0000-4000-8000-00000000a1e0"
SERVICE = "https://smba.trafficmanager.net/emea/"
CHANNEL = "19:channel-lab@thread.tacv2"


@cache
def key(name: str) -> ConnectorKey:
    """The key of that name; made once, since making one takes a tenth of a second."""
    return ConnectorKey(name, ("msteams", "webchat"))


def activity(
    kind: str = "message",
    *,
    room: str = PRIVATE,
    service: str = SERVICE,
    sender: dict[str, Any] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """An activity; ``fields`` replace, None takes away."""
    place = "channel" if "tacv2" in room else "groupChat" if room == GROUP else "personal"
    conversation = {"id": room, "conversationType": place, "tenantId": TENANT_ID}
    plain: dict[str, Any] = {
        "type": kind,
        "id": "1795262400001",
        "timestamp": "2026-11-21T11:59:58.132Z",
        "localTimezone": "Europe/Berlin",
        "channelId": "msteams",
        "serviceUrl": service,
        "from": sender or {"id": ALEX, "name": "Alex Morgan", "aadObjectId": OBJECT_ID},
        "recipient": {"id": BOT, "name": "Larkspur Help"},
        "conversation": conversation if place == "personal" else {**conversation, "isGroup": True},
        "locale": "en-US",
        "entities": [{"type": "clientInfo", "locale": "en-US", "country": "US", "platform": "Web"}],
        "channelData": {"tenant": {"id": TENANT_ID}},
    }
    return {name: value for name, value in {**plain, **fields}.items() if value is not None}


def mention(name: str = "Larkspur Help", whom: str = BOT) -> dict[str, Any]:
    """The entity of a mention."""
    return {"type": "mention", "mentioned": {"id": whom, "name": name}, "text": f"<at>{name}</at>"}


def claims(service: str = SERVICE, *, at: datetime = NOW, **changes: Any) -> dict[str, Any]:
    """What the connector's token says; None takes a claim away."""
    now = int(at.timestamp())
    plain = {
        "serviceurl": service,
        "nbf": now - 60,
        "exp": now + 3_600,
        "iss": "https://api.botframework.com",
        "aud": APP,
    }
    return {name: value for name, value in {**plain, **changes}.items() if value is not None}


def token(name: str = "key-1", *, headers: dict[str, Any] | None = None, **changes: Any) -> str:
    """A token signed by the key of that name."""
    signer = key(name)
    return jwt.encode(claims(**changes), signer.private, algorithm="RS256", headers={"kid": name, **(headers or {})})


def request(body: dict[str, Any] | bytes, proof: str | None = None, **headers: str) -> RawRequest:
    """A request; ``proof`` None signs as the connector does, "" leaves the header out."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    if proof is None:
        proof = token(service=body["serviceUrl"]) if isinstance(body, dict) else token()
    given = {"Content-Type": "application/json", **headers}
    if proof:
        given["Authorization"] = proof if " " in proof else f"Bearer {proof}"
    return RawRequest(method="POST", path="/webhooks/acme-main", headers=given, body=raw, received_at=NOW)
