"""Whatever is posted to a desk is read, refused or ignored; it never breaks anything.  Both desks of webhooks, seeded."""

from __future__ import annotations

import copy
import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import InboundRejected
from core.inbound import Ignored, Respond
from core.ports.channel import RawRequest
from core.ports.helpdesk import CaseAsked, CaseTouched, EntryMade, Helpdesk
from tests.handoff.desks.slack.scene import slack_scene
from tests.handoff.desks.webhook.scene import webhook_scene

KNOWN = (CaseAsked, CaseTouched, EntryMade, Ignored, Respond)
MESSAGE = {
    "user": "U0SUE",
    "text": "Hi",
    "ts": "1795245154.000002",
    "thread_ts": "1795245154.000001",
    "edited": {"ts": "1.1"},
}
SLACK: tuple[dict[str, Any], ...] = (
    {"type": "event_callback", "event": {"type": "message", "channel": "C1", **MESSAGE}},
    {
        "type": "event_callback",
        "event": {"type": "message", "subtype": "message_changed", "channel": "C1", "message": MESSAGE},
    },
    {
        "type": "event_callback",
        "event": {"type": "message", "subtype": "message_deleted", "deleted_ts": "1.1", "previous_message": MESSAGE},
    },
    {
        "type": "event_callback",
        "event": {"type": "reaction_added", "reaction": "eyes", "item": {"channel": "C1", "ts": "1795245154.000001"}},
    },
    {"type": "url_verification", "challenge": "x"},
)
AGENT = {"id": "a1", "name": "Sue Jones"}
WEBHOOK: tuple[dict[str, Any], ...] = (
    {
        "type": "reply",
        "ref": "r",
        "id": "e",
        "agent": AGENT,
        "text": "x",
        "files": [{"id": "f", "name": "n", "url": "https://x"}],
    },
    {"type": "status", "ref": "r", "id": "e", "agent": AGENT, "status": "solved"},
    {"type": "edited", "ref": "r", "id": "e", "agent": AGENT, "text": "x", "revision": "1", "is_public": True},
)
ODD: tuple[Any, ...] = (
    None,
    "",
    "\ud800",
    "x" * 5_000,
    0,
    -1,
    1e300,
    True,
    [],
    {},
    [None],
    {"id": None},
    "9" * 30 + "." + "9" * 30,
)


@pytest.mark.parametrize("seed", range(4))
async def test_odd_calls_are_read_refused_or_ignored(seed: int) -> None:
    rng = random.Random(seed)
    async with slack_scene() as slack, webhook_scene() as webhook:
        desks: tuple[tuple[Helpdesk, tuple[dict[str, Any], ...]], ...] = ((slack.desk, SLACK), (webhook.desk, WEBHOOK))
        outcomes = {_outcome(desk, _bent(rng, rng.choice(bodies))) for _ in range(700) for desk, bodies in desks}
    assert {"PayloadMalformed", "PayloadInvalid", "CaseTouched", "EntryMade", "Ignored"} <= outcomes


def _outcome(desk: Helpdesk, body: bytes) -> str:
    headers = {"Content-Type": "application/json"}
    request = RawRequest(method="POST", path="/", headers=headers, body=body, received_at=datetime.now(UTC))
    try:
        heard = desk.parse(request)
    except InboundRejected as error:
        return type(error).__name__
    assert heard and all(isinstance(each, KNOWN) for each in heard)
    return type(heard[0]).__name__


def _bent(rng: random.Random, body: dict[str, Any]) -> bytes:
    """The body with up to two odd values, or with bytes missing."""
    bent = json.loads(json.dumps(body))
    for _ in range(rng.randrange(3)):
        place = bent
        while True:
            name = rng.choice(list(place))
            if not (isinstance(place[name], dict) and place[name] and rng.random() < 0.8):
                break
            place = place[name]
        place[name] = copy.deepcopy(rng.choice(ODD))
    raw = json.dumps(bent).encode()
    return raw[: rng.randrange(len(raw))] if rng.random() < 0.1 else raw
