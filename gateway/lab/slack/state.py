"""What a workspace holds: rooms, messages, files, statuses; as Slack would keep them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from gateway.lab.vendor import Watch


@dataclass(kw_only=True)
class Post:
    """One message; ``author`` is a user id, ``is_ours`` tells the app's own."""

    channel: str
    ts: str
    author: str
    text: str = ""
    markdown: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    thread_ts: str | None = None
    metadata: dict[str, Any] | None = None
    username: str | None = None
    reactions: dict[str, set[str]] = field(default_factory=dict)
    is_ours: bool = False
    is_streaming: bool = False
    is_streamed: bool = False
    is_edited: bool = False
    is_deleted: bool = False
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class StoredFile:
    """One file; it is seen by nobody before its upload is completed."""

    id: str
    name: str
    title: str
    media_type: str
    length: int
    body: bytes | None = None
    transcript: str | None = None
    is_voice: bool = False


@dataclass(kw_only=True)
class Person:
    """A member of the workspace, or a guest of another one."""

    id: str
    team: str
    name: str
    real_name: str = ""
    email: str = ""
    locale: str = "en-US"


class Workspace:
    """The state of one stand-in."""

    def __init__(self, *, team: str, bot_user: str, bot_id: str, app_id: str, people: list[Person]) -> None:
        self.team = team
        self.bot_user = bot_user
        self.bot_id = bot_id
        self.app_id = app_id
        self.people = {person.id: person for person in people}
        self.rooms: dict[str, dict[str, Post]] = {}
        self.files: dict[str, StoredFile] = {}
        self.statuses: dict[tuple[str, str], str] = {}
        self.sessions: dict[tuple[str, str], str] = {}
        self.scopes = ""
        """What the app's token may do, joined by commas."""
        self.watch = Watch()
        self._last = 0

    def may(self, scope: str) -> bool:
        """Whether the token has a scope."""
        return scope in self.scopes.split(",")

    def next_ts(self) -> str:
        """The time now as Slack writes it; later than every one before."""
        self._last = max(time.time_ns() // 1_000, self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def dm_of(self, user: str) -> str:
        """The id of the direct message between a person and the app; opened on first use."""
        channel = "D" + user[1:]
        self.rooms.setdefault(channel, {})
        return channel

    def member_of_dm(self, channel: str) -> str:
        """Whose direct message a room is."""
        return next((user for user in self.people if "D" + user[1:] == channel), "")

    def put(self, post: Post) -> Post:
        """Add a message; its thread's status is cleared by a reply of the app."""
        self.rooms.setdefault(post.channel, {})[post.ts] = post
        if post.is_ours and post.thread_ts is not None:
            self.statuses.pop((post.channel, post.thread_ts), None)
        self.watch.changed()
        return post

    def find(self, channel: str, ts: str) -> Post | None:
        """A message that is not deleted."""
        post = self.rooms.get(channel, {}).get(ts)
        return None if post is None or post.is_deleted else post

    def wire(self, post: Post, *, with_metadata: bool = False) -> dict[str, Any]:
        """A message as the API tells it."""
        told: dict[str, Any] = {"type": "message", "ts": post.ts, "user": post.author, "text": post.text}
        if post.blocks:
            told["blocks"] = post.blocks
        if post.is_ours:
            told |= {"bot_id": self.bot_id, "app_id": self.app_id, "team": self.team}
        if post.thread_ts is not None:
            told["thread_ts"] = post.thread_ts
        if post.files:
            told["files"] = [self.file_wire(self.files[each]) for each in post.files]
        if with_metadata and post.metadata is not None:
            told["metadata"] = post.metadata
        return told

    def file_wire(self, file: StoredFile, base: str | None = None) -> dict[str, Any]:
        """A file as events and ``files.info`` tell it; without ``base`` only that it has to be asked for."""
        if base is None:
            return {"id": file.id, "name": file.name, "title": file.title, "file_access": "check_file_info"} | _kind(
                file
            )
        url = f"{base}/files-pri/{self.team}-{file.id}/{file.name}"
        return {
            "id": file.id,
            "name": file.name,
            "title": file.title,
            "mimetype": file.media_type,
            "size": file.length,
            "mode": "hosted",
            "file_access": "visible",
            "url_private": url,
            "url_private_download": url,
            **_kind(file),
        }


def _kind(file: StoredFile) -> dict[str, Any]:
    if not file.is_voice:
        return {}
    heard: dict[str, Any] = {"status": "none"}
    if file.transcript is not None:
        heard = {"status": "complete", "preview": {"content": file.transcript, "has_more": False}}
    return {
        "subtype": "slack_audio",
        "mimetype": file.media_type,
        "media_display_type": "audio",
        "transcription": heard,
    }
