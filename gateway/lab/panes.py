"""A pane of the lab: one stand-in as a contact's phone shows it, with what went wrong on request and a receipt per reply."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from gateway.lab.receipts import Known, Ownership, Receipts
from gateway.lab.stand_ins import Played
from gateway.lab.vendor import Fault, LabMessage, VendorLab, Watch

SHOWN: Final = 80
"""Messages of a pane; older ones are out of sight on a phone, too."""

DUPLICATE: Final = "duplicate"
TROUBLES: Final = {
    Fault.THROTTLED: "slow down (429)",
    Fault.UNAVAILABLE: "out of order (503)",
    Fault.LOST_ANSWER: "done, but the answer is lost",
    Fault.REFUSED: "refused for good",
    DUPLICATE: "the next event arrives twice",
}
"""What a visitor may switch on; a revoked token is not among them, since it parks the account until serve starts again."""


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a pane; ``author`` "trouble" is a fault that was hit, told in ``text``."""

    ref: str
    author: str
    text: str
    at: datetime
    blocks: list[Any] = []
    choices: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    is_streaming: bool = False
    is_edited: bool = False
    is_deleted: bool = False
    status: str | None = None
    known: Known | None = None


class PaneView(msgspec.Struct, frozen=True, kw_only=True):
    """A pane as the page draws it."""

    id: str
    kind: str
    messages: list[MessageView]
    activity: str | None
    armed: list[str]
    replies: list[Known]
    ownership: Ownership | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A fault that was hit, and when."""

    at: datetime
    text: str


@dataclass(kw_only=True)
class Pane:
    """One account beside its stand-in; a pane without a stand-in is the web's, whose messages the widget itself shows."""

    id: str
    kind: str
    title: str
    subtitle: str
    receipts: Receipts
    played: Played | None = None
    watch: Watch = field(default_factory=Watch)
    _troubles: list[Trouble] = field(default_factory=list)
    _armed: list[str] = field(default_factory=list)
    _kept: dict[str, Known] = field(default_factory=dict)
    _hit: int = 0

    @property
    def lab(self) -> VendorLab | None:
        """The stand-in."""
        return self.played.lab if self.played is not None else None

    @property
    def abilities(self) -> list[str]:
        """What a contact can do here beyond writing, pressing and sending files."""
        if self.played is None:
            return []
        able = {"edit": self.played.edit, "react": self.played.react}
        return [name for name, act in able.items() if act is not None]

    def arm(self, what: str) -> None:
        """Let something go wrong with the next call, or the next event come twice."""
        if self.lab is None:
            raise ValueError("the web has no vendor")
        if what == DUPLICATE:
            self.lab.hook.duplicate_next += 1
        else:
            self.lab.faults.add(Fault(what))
            self._armed.append(what)
        self.watch.changed()

    async def view(self) -> PaneView:
        """The pane as it is now."""
        self._note_troubles()
        messages = self.lab.messages()[-SHOWN:] if self.lab is not None else ()
        shown = [await self._shown(message) for message in messages]
        return PaneView(
            id=self.id,
            kind=self.kind,
            messages=list(_in_time(shown, self._troubles)),
            activity=self.played.activity() if self.played is not None and self.played.activity is not None else None,
            armed=self._now_armed(),
            replies=list(await self.receipts.latest(SHOWN)) if self.lab is None else [],
            ownership=await self.receipts.ownership(messages[0].at) if messages else None,
        )

    def raw(self, ref: str) -> LabMessage | None:
        """The message with the body that the stand-in received."""
        messages = self.lab.messages() if self.lab is not None else ()
        return next((message for message in messages if message.ref == ref), None)

    def _now_armed(self) -> list[str]:
        waits = [DUPLICATE] * self.lab.hook.duplicate_next if self.lab is not None else []
        return [TROUBLES[name] for name in (*self._armed, *waits)]

    def _note_troubles(self) -> None:
        """Remember faults that were hit since the last look."""
        hit = self.lab.faults.hit if self.lab is not None else []
        for fault, method in hit[self._hit :]:
            self._troubles.append(Trouble(at=datetime.now(UTC), text=f"{method}: {TROUBLES.get(fault, fault)}"))
            if fault in self._armed:
                self._armed.remove(fault)
        self._hit = len(hit)

    async def _shown(self, message: LabMessage) -> MessageView:
        known = await self._known(message) if message.author == "bot" else None
        return MessageView(
            ref=message.ref,
            author=message.author,
            text=message.text,
            at=message.at,
            blocks=message.blocks,
            choices=message.choices,
            files=message.files,
            is_streaming=message.is_streaming,
            is_edited=message.is_edited,
            is_deleted=message.is_deleted,
            status=message.status,
            known=known,
        )

    async def _known(self, message: LabMessage) -> Known | None:
        """What the ledger knows; asked again until it does, since a message is seen before it is settled."""
        if message.ref not in self._kept:
            known = await self.receipts.of((message.ref, f"{message.room}:{message.ref}"))
            if known is None:
                return None
            self._kept[message.ref] = known
        return self._kept[message.ref]


def _in_time(messages: list[MessageView], troubles: Iterable[Trouble]) -> Iterable[MessageView]:
    """The messages in the vendor's order, each trouble before the first message that is younger."""
    waiting = [
        MessageView(ref=f"trouble-{number}", author="trouble", text=trouble.text, at=trouble.at)
        for number, trouble in enumerate(troubles)
    ]
    for message in messages:
        while waiting and waiting[0].at < message.at:
            yield waiting.pop(0)
        yield message
    yield from waiting
