"""Voice notes are heard once, kept beside the recording, and named honestly when they cannot be heard."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from core.domain import Attachment
from core.errors import ModelUnavailable
from core.ledger import OpenTurn
from core.ports.model import ModelRole, Spender
from gateway.listening import Listening
from tests.core.conversing.world import ToldModels
from tests.gateway.stage import Stage, running

NOTE = Attachment(id="u_1", name="note.ogg", media_type="audio/ogg", size_bytes=9)


@dataclass
class Ear(ToldModels):
    """Hears what it is told."""

    words: str | Exception = "Where is my order?"
    heard: list[tuple[str, bytes]] = field(default_factory=list)

    async def transcribe(self, name: str, media_type: str, content: bytes, spender: Spender) -> str:
        self.heard.append((media_type, content))
        if isinstance(self.words, Exception):
            raise self.words
        return self.words


def ear(words: str | Exception = "Where is my order?", *roles: ModelRole) -> Ear:
    return Ear({}, roles=frozenset(roles or (ModelRole.TRANSCRIBE,)), words=words)


async def read(item: Attachment) -> bytes:
    if item.id == "u_gone":
        raise LookupError(item.id)
    return b"recording"


async def opened(stage: Stage, *items: Attachment) -> OpenTurn:
    """A turn whose message has these files."""
    event = replace(stage.event("listen"), attachments=items)
    await stage.tenant.accept([event])
    turn = await stage.tenant.open_turn(event.conv, "w1")
    assert turn is not None
    return turn


async def words(stage: Stage, models: Ear, *items: Attachment) -> list[str | None]:
    turn = await opened(stage, *items)
    events = await Listening(models=models, store=stage.tenant, read=read).heard(turn)
    return [item.transcript for event in events for item in event.attachments]


async def test_a_recording_is_heard_once_whoever_asks(tmp_path: Path) -> None:
    async with running(tmp_path, start_lanes=False) as stage:
        models = ear()
        turn = await opened(stage, NOTE)
        listening = Listening(models=models, store=stage.tenant, read=read)
        for _ in range(2):
            (event,) = await listening.heard(turn)
            assert event.attachments[0].transcript == "Where is my order?"
        assert models.heard == [("audio/ogg", b"recording")]


async def test_what_cannot_be_heard_stays_unheard_and_is_tried_again(tmp_path: Path) -> None:
    async with running(tmp_path, start_lanes=False) as stage:
        models = ear(ModelUnavailable("down"))
        turn = await opened(stage, NOTE)
        listening = Listening(models=models, store=stage.tenant, read=read)
        (event,) = await listening.heard(turn)
        assert event.attachments[0].transcript is None
        models.words = "Now I can hear you."
        (event,) = await listening.heard(turn)
        assert event.attachments[0].transcript == "Now I can hear you."


async def test_only_recordings_that_are_here_and_say_nothing_yet_are_heard(tmp_path: Path) -> None:
    async with running(tmp_path, start_lanes=False) as stage:
        models = ear()
        heard = await words(
            stage,
            models,
            replace(NOTE, id="u_2", media_type="image/png"),
            replace(NOTE, id="u_3", transcript="The vendor heard this."),
            replace(NOTE, id="u_4", unavailable="gone"),
            replace(NOTE, id="u_5", origin="still there"),
            replace(NOTE, id="u_gone"),
        )
        assert heard == [None, "The vendor heard this.", None, None, None] and not models.heard


async def test_silence_is_kept_as_silence(tmp_path: Path) -> None:
    async with running(tmp_path, start_lanes=False) as stage:
        models = ear("  ")
        turn = await opened(stage, NOTE)
        listening = Listening(models=models, store=stage.tenant, read=read)
        for _ in range(2):
            (event,) = await listening.heard(turn)
            assert event.attachments[0].transcript is None
        assert len(models.heard) == 1


async def test_without_an_ear_nothing_is_read(tmp_path: Path) -> None:
    async with running(tmp_path, start_lanes=False) as stage:
        assert await words(stage, ear("x", ModelRole.FAST), NOTE) == [None]
