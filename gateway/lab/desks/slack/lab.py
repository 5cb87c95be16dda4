"""The stand-in: agents of a workspace answer, press, react, change and delete, and the app hears of it by signed events."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from gateway.lab.desks.outlet import Call, Outlet
from gateway.lab.desks.slack.workspace import DeskMethods, DeskWorkspace
from gateway.lab.desks.weather import Weather
from gateway.lab.slack.door import Door
from gateway.lab.slack.events import FORM, JSON, Events, compact, form, signed
from gateway.lab.slack.state import Person, Post, StoredFile
from gateway.lab.vendor import Faults

SCOPES: Final = (
    "channels:history,channels:read,chat:write,files:read,files:write,"
    "groups:history,groups:read,reactions:read,users:read"
)
CHANNEL: Final = "C0CASES"
TEAM_CHANNEL: Final = "C0BILLING"
TOKEN: Final = "xoxb-desk-token"  # noqa: S105  the stand-in's own
SECRET: Final = "desk-signing-secret"  # noqa: S105
AGENTS: Final[Mapping[str, str]] = {"sue": "U0SUE", "max": "U0MAX"}

Told = dict[str, Any]


class SlackDeskLab:
    """One workspace with the app of the desk, two channels of cases, and two agents."""

    kind = "slack"

    def __init__(self, *, team: str = "T0DESK") -> None:
        people = [
            Person(id=AGENTS["sue"], team=team, name="sue", real_name="Sue Jones", email="sue@desk.example"),
            Person(id=AGENTS["max"], team=team, name="max", real_name="Max Lee", email="max@desk.example"),
            Person(id="U0GUEST", team="T0OTHER", name="carl", real_name="Cc'd Carl"),
        ]
        self.workspace = DeskWorkspace(team=team, people=people)
        self.workspace.rooms |= {CHANNEL: {}, TEAM_CHANNEL: {}}
        self.methods = DeskMethods(self.workspace)
        self.events = Events(self.workspace)
        self.outlet = Outlet()
        self.door = Door(self.workspace, self.methods, Faults(), token=TOKEN, app_token="", scopes=SCOPES)
        self.weather = Weather(throttled=_throttled, failed=_failed, refused=_refused)
        self._told: set[str] = set()
        self._lock = asyncio.Lock()

    def settings(self, address: str) -> Told:
        """The desk's block that talks to this stand-in at an address."""
        return {
            "bot_token": TOKEN,
            "signing_secrets": [SECRET],
            "channel": CHANNEL,
            "teams": {"billing": TEAM_CHANNEL},
            "api_url": f"{address}/api/",
        }

    def app(self) -> web.Application:
        """The Web API; the app hears also of its own messages, before the call that posts them is answered."""
        app = self.door.app()
        app.middlewares.append(self.weather.middleware)
        app.middlewares.append(self._echo)
        return app

    @web.middleware
    async def _echo(self, request: web.Request, handler: Any) -> web.StreamResponse:
        answer: web.StreamResponse = await handler(request)
        if request.match_info.get("method") in ("chat.postMessage", "files.completeUploadExternal"):
            async with self._lock:
                for post in [post for post in self.posts() if post.is_ours and post.ts not in self._told]:
                    self._told.add(post.ts)
                    await self._event(self.events.message(post))
        return answer

    def posts(self) -> tuple[Post, ...]:
        """Every message of every channel, oldest first."""
        found = [post for room in self.workspace.rooms.values() for post in room.values()]
        return tuple(sorted(found, key=lambda post: post.ts))

    def post_at(self, ref: str) -> Post:
        """A message by its channel and time."""
        channel, _, ts = ref.partition(":")
        return self.workspace.rooms[channel][ts]

    def threads(self) -> tuple[Post, ...]:
        """The first messages of threads that the app made, as long as they stand."""
        return tuple(post for post in self.posts() if post.is_ours and post.thread_ts is None and not post.is_deleted)

    async def write(self, ref: str, text: str, *, agent: str = "sue", files: Mapping[str, bytes] | None = None) -> str:
        """An agent writes in a case's thread; the message's time."""
        held = [self._held(name, body) for name, body in (files or {}).items()]
        post = self._put(ref, AGENTS[agent], text)
        post.files = [file.id for file in held]
        await self._event(self.events.message(post))
        return post.ts

    async def write_as_guest(self, ref: str, text: str) -> None:
        """Somebody of another organisation writes in the thread."""
        await self._event(self.events.message(self._put(ref, "U0GUEST", text)))

    async def write_as_app(self, ref: str, text: str) -> None:
        """Another app writes in the thread."""
        post = self._put(ref, "U0OTHERBOT", text)
        post.raw = {"bot_id": "B0OTHER", "subtype": "bot_message"}
        await self._event(self.events.message(post))

    def _put(self, ref: str, author: str, text: str) -> Post:
        channel, _, root = ref.partition(":")
        at = self.workspace.next_ts()
        return self.workspace.put(Post(channel=channel, ts=at, author=author, text=_typed(text), thread_ts=root))

    def _held(self, name: str, body: bytes) -> StoredFile:
        number = len(self.workspace.files) + 1
        file = StoredFile(
            id=f"F0AGENT{number:04d}", name=name, title=name, media_type="image/png", length=len(body), body=body
        )
        self.workspace.files[file.id] = file
        return file

    async def press(self, ref: str, label: str, *, agent: str = "sue") -> None:
        """An agent presses a button of a case's first message."""
        post = self.post_at(ref)
        buttons = [each for block in post.blocks if block["type"] == "actions" for each in block["elements"]]
        button = next(each for each in buttons if each["text"]["text"] == label)
        pressed = self.events.press(post, AGENTS[agent], button)
        await self._send(form(payload=compact(pressed).decode()), FORM)

    async def react(self, ref: str, name: str, *, agent: str = "sue") -> None:
        """An agent puts an emoji on a message."""
        post, user = self.post_at(ref), AGENTS[agent]
        post.reactions.setdefault(name, set()).add(user)
        await self._event(self.events.reaction(post, user, name))

    async def unreact(self, ref: str, name: str) -> None:
        """The agents take an emoji away."""
        post = self.post_at(ref)
        for user in sorted(post.reactions.pop(name, set())):
            await self._event({**self.events.reaction(post, user, name), "type": "reaction_removed"})

    async def edit(self, ref: str, ts: str, text: str) -> None:
        """An agent changes a message."""
        post = self.post_at(f"{ref.partition(':')[0]}:{ts}")
        before, post.text = post.text, _typed(text)
        post.raw["edited"] = {"user": post.author, "ts": self.workspace.next_ts()}
        told = self.events.edited(post, before)
        told["message"]["edited"] = post.raw["edited"]
        await self._event(told)

    async def remove(self, ref: str, ts: str) -> None:
        """An agent deletes a message."""
        await self._delete(self.post_at(f"{ref.partition(':')[0]}:{ts}"))

    async def delete(self, ref: str) -> None:
        """An admin deletes a case's first message."""
        await self._delete(self.post_at(ref))

    async def _delete(self, post: Post) -> None:
        told = self.events.deleted(post)
        post.is_deleted = True
        self.workspace.watch.changed()
        await self._event(told)

    async def _event(self, event: Told) -> None:
        await self._send(compact(self.events.envelope(event)), JSON)

    async def _send(self, body: bytes, content_type: str) -> None:
        await self.outlet.call(Call(body, lambda given: signed(given, content_type, SECRET)))


def _typed(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _throttled(retry_after_s: float) -> web.Response:
    headers = {"Retry-After": f"{retry_after_s:.0f}"}
    return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)


def _failed() -> web.Response:
    return web.json_response({"ok": False, "error": "service_unavailable"}, status=503)


def _refused() -> web.Response:
    return web.json_response({"ok": False, "error": "invalid_auth"})
