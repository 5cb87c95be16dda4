"""The chats of the stand-in: what stands in them, and the streams that grow in one of them.

The rules of streaming are the vendor's (checked 2026-11-21): only in personal chats, numbered without gaps, the text only ever
longer, two minutes at most, and the person may stop it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

LONGEST_STREAM: Final = timedelta(minutes=2)
LEAST_PAUSE: Final = timedelta(seconds=1)
MAX_INFORMATIVE: Final = 1_000
BODY_BYTES: Final = 100_000
MAX_CITATIONS: Final = 20


class Refused(Exception):
    """The connector's refusal: status, code and words."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.code = code
        self.words = words


def not_allowed(words: str) -> Refused:
    """How every end of a stream is told."""
    return Refused(403, "ContentStreamNotAllowed", words)


@dataclass(slots=True, kw_only=True)
class Stream:
    """A message that grows."""

    started_at: datetime
    last_at: datetime
    sequence: int = 0
    text: str = ""
    is_stopped: bool = False
    is_complete: bool = False


@dataclass(slots=True, kw_only=True)
class Said:
    """One message of a chat; ``activity`` is what was posted last under its id."""

    id: str
    author: str
    activity: dict[str, Any]
    at: datetime
    is_edited: bool = False
    is_deleted: bool = False
    stream: Stream | None = None


@dataclass(slots=True, kw_only=True)
class Room:
    """One chat; ``id`` is the conversation's, in channels with the thread's root."""

    id: str
    kind: str
    messages: dict[str, Said] = field(default_factory=dict)
    has_bot: bool = True
    informs: str | None = None
    typing_until: datetime | None = None


class Rooms:
    """All chats of one stand-in."""

    def __init__(self, clock: Callable[[], datetime], *, keeps_pace: bool) -> None:
        self._clock = clock
        self._keeps_pace = keeps_pace
        self._numbers = count(1)
        self.rooms: dict[str, Room] = {}

    def add(self, room_id: str, kind: str) -> Room:
        """A chat, made when it is not there."""
        return self.rooms.setdefault(room_id, Room(id=room_id, kind=kind))

    def find(self, room_id: str) -> Room:
        """The chat as the bot may write to it."""
        room = self.rooms.get(room_id)
        if room is None:
            raise Refused(404, "ConversationNotFound", "Conversation not found.")
        if not room.has_bot:
            raise Refused(403, "BotNotInConversationRoster", "The bot is not part of the conversation roster.")
        return room

    def next_id(self) -> str:
        """Milliseconds since 1970 that never repeat, as the vendor's ids look."""
        return str(int(self._clock().timestamp()) * 1000 + next(self._numbers))

    def put(self, room: Room, author: str, activity: Mapping[str, Any], *, stream: Stream | None = None) -> Said:
        """A new message."""
        number = self.next_id()
        said = Said(id=number, author=author, activity=dict(activity), at=self._clock(), stream=stream)
        room.messages[number] = said
        if author == "bot":
            room.typing_until = None
        return said

    def message(self, room: Room, ref: str) -> Said:
        """A message of the bot that is still there."""
        said = room.messages.get(ref)
        if said is None or said.is_deleted or said.author != "bot":
            raise Refused(404, "ActivityNotFoundInConversation", "The activity is not part of the conversation.")
        return said

    def show_typing(self, room: Room) -> None:
        """Three dots."""
        room.typing_until = self._clock() + timedelta(seconds=3)

    def piece(self, room: Room, activity: Mapping[str, Any], info: Mapping[str, Any]) -> tuple[Said, bool]:
        """A piece of a stream; returns its message and whether it is new."""
        if room.kind != "personal":
            raise Refused(400, "BadArgument", "Streaming api is not enabled for this conversation.")
        text, kind, sequence = activity.get("text"), info.get("streamType"), info.get("streamSequence")
        if not isinstance(text, str) or not text or kind not in ("informative", "streaming"):
            raise Refused(400, "BadArgument", "A streamed activity needs a text and a streamType.")
        if kind == "informative" and len(text) > MAX_INFORMATIVE:
            raise Refused(400, "BadArgument", "The informative text is too long.")
        if not isinstance(sequence, int) or isinstance(sequence, bool) or sequence < 1:
            raise Refused(400, "BadArgument", "streamSequence must be a positive number.")
        now, ref = self._clock(), info.get("streamId")
        if ref is None:
            if sequence != 1:
                raise Refused(400, "BadArgument", "The first piece of a stream has streamSequence 1.")
            stream = Stream(started_at=now, last_at=now, sequence=1)
            said, is_new = self.put(room, "bot", activity, stream=stream), True
        else:
            said, stream = self._stream(room, str(ref))
            self._check_next(stream, sequence, now)
            is_new = False
        self._grow(room, said, stream, kind=str(kind), text=text)
        stream.sequence, stream.last_at = sequence, now
        return said, is_new

    def _stream(self, room: Room, ref: str) -> tuple[Said, Stream]:
        said = self.message(room, ref)
        stream = said.stream
        if stream is None:
            raise Refused(400, "BadArgument", "The activity is not a stream.")
        if stream.is_stopped:
            raise not_allowed("Content stream was canceled by user.")
        if stream.is_complete:
            raise not_allowed("Content stream is not allowed on an already completed streamed message.")
        if self._clock() - stream.started_at > LONGEST_STREAM:
            stream.is_complete = True
            raise not_allowed("Content stream finished due to exceeded streaming time.")
        return said, stream

    def _check_next(self, stream: Stream, sequence: int, now: datetime) -> None:
        if sequence != stream.sequence + 1:
            words = "The sequence number does not follow the one before."
            raise Refused(202, "ContentStreamSequenceOrderPreConditionFailed", words)
        if self._keeps_pace and now - stream.last_at < LEAST_PAUSE:
            raise Refused(429, "TooManyRequests", "API calls quota exceeded.")

    def _grow(self, room: Room, said: Said, stream: Stream, *, kind: str, text: str) -> None:
        if kind == "informative":
            room.informs = text
            return
        if not text.startswith(stream.text):
            raise not_allowed("Request streamed content should contain the previously streamed content.")
        stream.text, said.activity["text"], room.informs = text, text, None

    def final(self, room: Room, activity: Mapping[str, Any], info: Mapping[str, Any]) -> Said:
        """The message in which a stream ends."""
        if "streamSequence" in info:
            raise Refused(400, "BadArgument", "The final message has no streamSequence.")
        said, stream = self._stream(room, str(info.get("streamId")))
        if not str(activity.get("text") or "").startswith(stream.text):
            raise not_allowed("Request streamed content should contain the previously streamed content.")
        stream.is_complete = True
        said.activity, room.informs = dict(activity), None
        return said


def info_of(activity: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The entity that makes an activity part of a stream."""
    entities = activity.get("entities")
    for entity in entities if isinstance(entities, list) else ():
        if isinstance(entity, dict) and entity.get("type") == "streaminfo":
            return entity
    return None
