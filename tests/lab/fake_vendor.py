"""A vendor that does not exist, for tests of the lab's page: it keeps what is said and posts nothing to anybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from aiohttp import web

from gateway.lab.receipts import Known, Ownership, PassageLine, Receipt, SourceLine, StepLine
from gateway.lab.stand_ins import Played
from gateway.lab.vendor import Delivered, Faults, Hook, LabMessage, Watch

TAKEN = Delivered(200, b"{}")
STARTED = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


class FakeVendor:
    """Implements ``VendorLab``; a test writes the other side's lines with ``post``."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.faults = Faults()
        self.hook = Hook()
        self.watch = Watch()
        self.lines: list[LabMessage] = []
        self.calls: list[tuple[Any, ...]] = []
        self.captions: list[str] = []
        self.answer = TAKEN
        self.doing: str | None = None
        self.is_closed = False

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes([web.post("/messages", self._message)])
        return app

    async def _message(self, request: web.Request) -> web.Response:
        """The vendor's API: one method, which can fail."""
        fault = self.faults.take("messages")
        self.watch.changed()
        if fault is not None:
            return web.Response(status=429)
        self.post((await request.json())["text"])
        return web.json_response({"ok": True})

    def post(self, text: str, *, author: str = "bot", ref: str = "", **more: Any) -> str:
        """A line appears; its ref."""
        ref = ref or f"{self.kind}-{len(self.lines) + 1}"
        at = STARTED + timedelta(seconds=len(self.lines))
        line = LabMessage(room="room", ref=ref, author=author, text=text, at=at, raw={"text": text}, **more)
        self.lines = [line if known.ref == ref else known for known in self.lines]
        if line not in self.lines:
            self.lines.append(line)
        self.watch.changed()
        return ref

    def messages(self, room: str | None = None) -> tuple[LabMessage, ...]:
        return tuple(self.lines)

    async def say(self, text: str) -> Delivered:
        self.calls.append(("say", text))
        self.post(text, author="contact")
        return self.answer

    async def press(self, ref: str, choice: str) -> Delivered:
        self.calls.append(("press", ref, choice))
        self.post(choice, author="contact")
        return self.answer

    async def attach(
        self, name: str, media_type: str, body: bytes, *, text: str = "", is_voice: bool = False
    ) -> Delivered:
        self.calls.append(("attach", name, media_type, len(body), is_voice))
        self.captions.append(text)
        self.post(text, author="contact", files=(name,))
        return self.answer

    async def close(self) -> None:
        self.is_closed = True


class TalkativeVendor(FakeVendor):
    """One that can also edit, react and show that somebody types."""

    async def edit(self, ref: str, text: str) -> Delivered:
        self.calls.append(("edit", ref, text))
        self.lines = [replace(m, text=text, is_edited=True) if m.ref == ref else m for m in self.lines]
        self.watch.changed()
        return self.answer

    async def react(self, ref: str, is_good: bool) -> Delivered:
        self.calls.append(("react", ref, is_good))
        return self.answer

    def activity(self) -> str | None:
        return self.doing


def mute(vendor: FakeVendor) -> Played:
    """Nothing but writing, pressing and files."""
    return Played(lab=vendor, title=vendor.kind, subtitle="")


def talkative(vendor: TalkativeVendor) -> Played:
    """With everything a contact can do."""
    return Played(
        lab=vendor,
        title=vendor.kind,
        subtitle="",
        edit=vendor.edit,
        react=vendor.react,
        activity=vendor.activity,
        hears=True,
    )


class FakeReceipts:
    """Receipts that a test writes."""

    def __init__(self) -> None:
        self.known: dict[str, Known] = {}
        self.owned: Ownership | None = None

    async def of(self, refs: Sequence[str]) -> Known | None:
        return next((self.known[ref] for ref in refs if ref in self.known), None)

    async def latest(self, limit: int) -> tuple[Known, ...]:
        return tuple(self.known.values())[-limit:]

    async def ownership(self, since: datetime) -> Ownership | None:
        return self.owned


RECEIPT = Receipt(
    turn_id="t_1",
    question="My DripMate shows E03",
    language="en",
    noticed=["error code E03"],
    borrowed="",
    passages=[
        PassageLine(
            title="DripMate 4: error codes E01 to E06",
            heading="",
            place="help/watering/dripmate-error-codes.md",
            score=6.66,
            share=1.0,
            is_quoted=True,
        ),
        PassageLine(
            title="Discontinued products and their successors",
            heading="Does the DripMate 2 work with the new app?",
            place="help/company/discontinued-products.html",
            score=5.11,
            share=0.77,
            is_quoted=False,
        ),
    ],
    found=15,
    sources=[
        SourceLine(
            number=1,
            title="DripMate 4: error codes E01 to E06",
            quote="The display and the app show the code of a fault. Most are solved in a few minutes.",
            url=None,
        )
    ],
    confidence=0.808,
    decision="answer",
    rule=10,
    because=["always"],
    outcome="",
    ms=14.7,
    steps=[StepLine(name="understand", ms=1.2), StepLine(name="retrieve", ms=3.9), StepLine(name="answer", ms=8.8)],
)


def answered(ref: str, **changes: Any) -> Known:
    """A bot's reply as the ledger knows it."""
    known = Known(message_id=ref, role="bot", kind="text", author=None, receipt=RECEIPT, delivery="sent")
    return msgspec.structs.replace(known, **changes)
