"""A company's own back end: signs its customers' messages and sends them, as often as it likes."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import time

import aiohttp

from adapters.web.signature import sign
from core import ids

TENANT, ACCOUNT = "demo", "demo-web"
KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "whsec_" + base64.b64encode(KEY).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """One message of a thread; ``number`` is its place in the thread."""

    thread: str
    number: int
    text: str
    sent_at: datetime

    @property
    def id(self) -> str:
        """The company's own id of it."""
        return f"{self.thread}-{self.number}"

    @property
    def conv(self) -> str:
        """The conversation it belongs to."""
        return ids.conversation_id(TENANT, ACCOUNT, f"thread:{self.thread}")

    @property
    def event_id(self) -> str:
        """The event that it becomes."""
        return ids.event_id(self.conv, f"signed:{self.id}")

    def body(self) -> bytes:
        """The wire form."""
        said = {
            "type": "message", "thread": self.thread, "id": self.id, "sent_at": self.sent_at.isoformat(),
            "sequence": self.number, "text": self.text, "contact": {"id": self.thread, "name": "A customer"},
        }  # fmt: skip
        return json.dumps(said).encode()


def story(threads: int, each: int) -> list[Signed]:
    """Messages in order; two neighbours share their time, so that only ``sequence`` tells them apart."""
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    return [
        Signed(
            thread=f"t{thread}",
            number=number,
            text=f"How much is delivery to Germany, please? ({number})",
            sent_at=began + timedelta(seconds=number // 2),
        )
        for number in range(each)
        for thread in range(threads)
    ]


def headers_of(body: bytes, *, message_id: str = "msg", at: int | None = None, key: bytes = KEY) -> dict[str, str]:
    """The three headers of a Standard Webhooks call."""
    timestamp = int(time()) if at is None else at
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(key, message_id=message_id, timestamp=timestamp, body=body),
    }


async def send(http: aiohttp.ClientSession, url: str, message: Signed) -> int:
    """Deliver once; returns how many were new."""
    body = message.body()
    async with http.post(
        f"{url}/webhooks/{ACCOUNT}", data=body, headers=headers_of(body, message_id=message.id)
    ) as response:
        said = await response.json()
        assert response.status == 200, said
        return int(said["accepted"])


async def send_all(url: str, senders: Iterable[Sequence[Signed]]) -> int:
    """Every sender in its own order, all at once; returns how many messages were new."""

    async def one(http: aiohttp.ClientSession, messages: Sequence[Signed]) -> int:
        return sum([await send(http, url, message) for message in messages])

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http, asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(http, messages)) for messages in senders]
        await asyncio.wait(tasks)
    return sum(task.result() for task in tasks)
