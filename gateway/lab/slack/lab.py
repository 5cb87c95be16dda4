"""The stand-in: a workspace with one contact to play, the app's API to serve, and what the contact does as signed webhooks."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from gateway.lab.slack import shown
from gateway.lab.slack.door import Door
from gateway.lab.slack.events import FORM, JSON, Events, compact, form, signed
from gateway.lab.slack.methods import Methods
from gateway.lab.slack.state import Person, Post, StoredFile, Workspace
from gateway.lab.vendor import Delivered, Faults, Hook, LabMessage

SCOPES: Final = (
    "app_mentions:read,assistant:write,channels:history,chat:write,commands,files:read,files:write,groups:history,"
    "im:history,im:write,mpim:history,reactions:read,users:read,users:read.email"
)
CHANNEL: Final = "C0LAB"


class SlackLab:
    """One app in one workspace; ``contact`` writes in the assistant's pane: a thread in their direct message.

    With ``in_pane`` False they write outside threads, where Slack has neither streams nor statuses.
    """

    kind = "slack"

    def __init__(
        self,
        *,
        token: str = "xoxb-lab-token",  # noqa: S107  the stand-in's own
        signing_secret: str = "lab-signing-secret",  # noqa: S107
        app_token: str = "xapp-lab-token",  # noqa: S107
        team: str = "T0LAB",
        contact: str = "U0KIM",
        in_pane: bool = True,
    ) -> None:
        self.faults = Faults()
        self.hook = Hook()
        self.contact = contact
        self.signing_secret = signing_secret
        people = [
            Person(id=contact, team=team, name="Kim", real_name="Kim Larsen", email="kim@lab.example"),
            Person(id="U0GUEST", team="T0OTHER", name="Guest", email="guest@other.example"),
        ]
        self.workspace = Workspace(team=team, bot_user="U0BOT", bot_id="B0BOT", app_id="A0LAB", people=people)
        self.watch = self.workspace.watch
        self.methods = Methods(self.workspace)
        self.door = Door(self.workspace, self.methods, self.faults, token=token, app_token=app_token, scopes=SCOPES)
        self.events = Events(self.workspace)
        self.address: str | None = None
        """Where the stand-in is served; until it is told, files in events have to be asked for (``files.info``)."""
        self.room = self.workspace.dm_of(contact)
        self.workspace.rooms[CHANNEL] = {}
        self.pane = self.workspace.next_ts() if in_pane else None
        """The root of the pane's thread, which Slack makes by itself."""

    def settings(self, address: str) -> dict[str, Any]:
        """The account's block that talks to this stand-in at an address."""
        return {
            "bot_token": self.door.token,
            "signing_secrets": [self.signing_secret],
            "team_id": self.workspace.team,
            "api_url": f"{address}/api/",
            "authorize_url": f"{address}/oauth/v2/authorize",
        }

    def app(self) -> web.Application:
        """The API."""
        return self.door.app()

    def messages(self, room: str | None = None) -> tuple[LabMessage, ...]:
        """What is seen in a room, its threads included; the contact's own by default."""
        posts = self.workspace.rooms.get(room or self.room, {})
        return tuple(self._seen(post) for post in sorted(posts.values(), key=lambda post: post.ts))

    def _seen(self, post: Post) -> LabMessage:
        seconds, _, micros = post.ts.partition(".")
        at = datetime.fromtimestamp(int(seconds), UTC).replace(microsecond=int(micros or 0))
        names = tuple(self.workspace.files[each].name for each in post.files)
        return LabMessage(
            room=post.channel,
            ref=post.ts,
            author="bot" if post.is_ours else "contact",
            text=shown.words(post),
            blocks=shown.nodes(post),
            choices=shown.choices(post),
            files=names,
            is_streaming=post.is_streaming,
            is_edited=post.is_edited and not post.is_ours,
            is_deleted=post.is_deleted,
            status=", ".join(sorted(post.reactions)) or None,
            at=at,
            raw=post.raw,
        )

    def activity(self) -> str | None:
        """The status line under the contact's newest thread."""
        place = (self.room, self.pane or "")
        session = self.workspace.sessions.get(place)
        if session in ("processing", "suspended"):
            return session
        return self.workspace.statuses.get(place)

    async def say(self, text: str) -> Delivered:
        """The contact writes in their direct message."""
        return await self.post(text)

    async def post(
        self,
        text: str,
        *,
        room: str | None = None,
        thread_ts: str | None = None,
        author: str | None = None,
        files: tuple[StoredFile, ...] = (),
    ) -> Delivered:
        """Somebody writes somewhere; a mention of the app in a channel arrives as two events, like at Slack."""
        channel = room or self.room
        if thread_ts is None and channel == self.room:
            thread_ts = self.pane
        post = self.place(channel, text, author=author or self.contact, thread_ts=thread_ts, files=files)
        event = self.events.message(post, **({"subtype": "file_share", "files": self._wired(files)} if files else {}))
        if author is not None and self.workspace.people[author].team != self.workspace.team:
            return await self.deliver(self.events.envelope(event, is_shared=True))
        answer = await self.deliver(self.events.envelope(event))
        if f"<@{self.workspace.bot_user}>" in text and not channel.startswith("D"):
            event.pop("channel_type")
            answer = await self.deliver(self.events.envelope({**event, "type": "app_mention"}))
        return answer

    def place(
        self,
        channel: str,
        text: str,
        *,
        author: str | None = None,
        thread_ts: str | None = None,
        files: tuple[StoredFile, ...] = (),
        ts: str | None = None,
    ) -> Post:
        """A message that stands there, without an event."""
        post = Post(
            channel=channel,
            ts=ts or self.workspace.next_ts(),
            author=author or self.contact,
            text=_escaped(text),
            thread_ts=thread_ts,
            files=[file.id for file in files],
        )
        return self.workspace.put(post)

    async def open_pane(self) -> Delivered:
        """The contact opens the assistant's pane anew: another thread."""
        self.pane = self.workspace.next_ts()
        about = {"user_id": self.contact, "channel_id": self.room, "thread_ts": self.pane, "context": {}}
        event = {"type": "assistant_thread_started", "assistant_thread": about, "event_ts": self.pane}
        return await self.deliver(self.events.envelope(event))

    async def press(self, ref: str, choice: str) -> Delivered:
        """The contact presses the button on which ``choice`` stands."""
        post = self._found(ref)
        button = next(each for each in shown.buttons(post) if each["text"]["text"] == choice)
        pressed = self.events.press(post, self.contact, button)
        return await self.send(form(payload=compact(pressed).decode()), FORM)

    async def attach(
        self, name: str, media_type: str, body: bytes, *, text: str = "", is_voice: bool = False
    ) -> Delivered:
        """The contact sends a file or a voice note, whose words Slack has heard when ``text`` says them."""
        file = StoredFile(
            id=f"F0KIM{len(self.workspace.files) + 1:04d}",
            name=name,
            title=name,
            media_type=media_type,
            length=len(body),
            body=body,
            transcript=text if is_voice and text else None,
            is_voice=is_voice,
        )
        self.workspace.files[file.id] = file
        return await self.post("" if is_voice else text, files=(file,))

    def _wired(self, files: tuple[StoredFile, ...]) -> list[dict[str, Any]]:
        return [self.workspace.file_wire(file, self.address) for file in files]

    async def edit(self, ref: str, text: str) -> Delivered:
        """The contact changes their message."""
        post = self._found(ref)
        before, post.text, post.is_edited = post.text, _escaped(text), True
        self.watch.changed()
        return await self.deliver(self.events.envelope(self.events.edited(post, before)))

    async def delete(self, ref: str) -> Delivered:
        """The contact deletes their message."""
        post = self._found(ref)
        post.is_deleted = True
        self.watch.changed()
        return await self.deliver(self.events.envelope(self.events.deleted(post)))

    async def react(self, ref: str, is_good: bool) -> Delivered:
        """The contact puts a thumb on a message."""
        post, name = self._found(ref), "+1" if is_good else "-1"
        post.reactions.setdefault(name, set()).add(self.contact)
        self.watch.changed()
        return await self.deliver(self.events.envelope(self.events.reaction(post, self.contact, name)))

    async def command(self, command: str, text: str, *, room: str = CHANNEL) -> Delivered:
        """The contact gives a slash command."""
        return await self.send(form(**self.events.command(self.contact, command, text, room)), FORM)

    async def stop(self) -> Delivered:
        """The contact presses the stop button of the agent session."""
        streaming = [post for post in self.workspace.rooms[self.room].values() if post.is_streaming]
        event = {
            "type": "agent_session_stopped",
            "channel": self.room,
            "thread_ts": self.pane,
            "user": self.contact,
            "streaming_message_ts": [post.ts for post in streaming],
            "event_ts": self.workspace.next_ts(),
        }
        return await self.deliver(self.events.envelope(event))

    async def uninstall(self) -> Delivered:
        """An admin removes the app."""
        return await self.deliver(self.events.envelope({"type": "app_uninstalled", "event_ts": "0"}))

    async def deliver(self, envelope: dict[str, Any], *, retry: int = 0) -> Delivered:
        """Post an event."""
        return await self.send(compact(envelope), JSON, retry=retry)

    async def send(self, body: bytes, content_type: str, *, retry: int = 0) -> Delivered:
        """Post a signed body."""
        return await self.hook.post(body, signed(body, content_type, self.signing_secret, retry=retry))

    async def send_by_socket(self, kind: str, payload: dict[str, Any]) -> str:
        """Send an envelope over every open socket; returns its id."""
        envelope = secrets.token_hex(8)
        told = {"type": kind, "envelope_id": envelope, "payload": payload, "accepts_response_payload": True}
        for socket in tuple(self.door.sockets):
            await socket.send_json(told)
        return envelope

    def expire_streams(self) -> None:
        """Slack ends streams that took too long."""
        for posts in self.workspace.rooms.values():
            for post in posts.values():
                post.is_streaming = False
        self.watch.changed()

    def _found(self, ref: str) -> Post:
        ts = ref.rpartition(":")[2]
        for posts in self.workspace.rooms.values():
            if ts in posts:
                return posts[ts]
        raise KeyError(ref)

    async def close(self) -> None:
        """Give up connections; safe twice."""
        await self.hook.close()


def _escaped(text: str) -> str:
    """What a person typed, as Slack tells it; a text that holds a mention is taken as it is."""
    return text if "<@" in text else text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
