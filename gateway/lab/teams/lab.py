"""The stand-in of Microsoft Teams for one account: drives for people, and what they see."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from gateway.lab.teams import people, shown
from gateway.lab.teams.connector import ConnectorApi
from gateway.lab.teams.identity import ConnectorKey, Identity
from gateway.lab.teams.people import Person, Scene
from gateway.lab.teams.rooms import Room, Rooms, Said
from gateway.lab.vendor import Delivered, Faults, Hook, LabMessage, Watch

ALEX: Final = Person(id="29:1alex-lab", name="Alex Morgan", aad_object_id="3f1c0f6e-0000-4000-8000-00000000a1e0")
KIM: Final = Person(id="29:1kim-lab", name="Kim Duarte", aad_object_id="3f1c0f6e-0000-4000-8000-00000000c1a0")
PRIVATE: Final = "a:1private-lab"
GROUP: Final = "19:group-lab@thread.v2"
CHANNEL: Final = "19:channel-lab@thread.tacv2"
THREAD: Final = ";messageid="


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    media_type: str
    body: bytes
    is_ours: bool


class TeamsLab:
    """Teams for one bot; ``url`` is where this application is reachable, set by whoever serves it.

    ``run`` names the private chat, so that a store kept from an earlier run does not know it.
    """

    kind = "teams"

    def __init__(
        self,
        *,
        app_id: str = "11111111-2222-4333-8444-555555555555",
        app_secret: str = "lab-secret",  # noqa: S107  opens nothing but this stand-in
        tenant: str = "a1b2c3d4-e5f6-4890-abcd-ef1234567890",
        bot_name: str = "Larkspur Help",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        keeps_pace: bool = False,
        keys: Sequence[ConnectorKey] = (),
        url: str = "",
        run: int = 0,
    ) -> None:
        self.url = url
        self.private = f"{PRIVATE}-{run}" if run else PRIVATE
        self.faults = Faults()
        self.hook = Hook()
        self.watch = Watch()
        self.tenant = tenant
        self.bot_name = bot_name
        self.identity = Identity(app_id=app_id, app_secret=app_secret, app_tenant=tenant, clock=clock, keys=keys)
        self.rooms = Rooms(clock, keeps_pace=keeps_pace)
        self.rooms.add(self.private, "personal")
        self.rooms.add(GROUP, "groupChat")
        members = {person.id: person.member(tenant) for person in (ALEX, KIM)}
        self.connector = ConnectorApi(self.rooms, self.identity, self.faults, self.watch, members)
        self._clock = clock
        self._files: dict[str, _File] = {}

    @property
    def service_url(self) -> str:
        """The connector's address, as activities name it."""
        return f"{self.url}/connector/"

    @property
    def settings(self) -> dict[str, Any]:
        """The YAML of an account that talks to this stand-in."""
        parts = urlsplit(self.url)
        return {
            "app_id": self.identity.app_id,
            "app_secret": self.identity.app_secret,
            "app_tenant": self.tenant,
            "login_url": self.url,
            "openid_url": f"{self.url}/v1/.well-known/openidconfiguration",
            "service_hosts": [f"{parts.scheme}://{parts.netloc}"],
        }

    def app(self) -> web.Application:
        """The connector, the token service, the keys and the files."""
        app = web.Application(client_max_size=2**22)
        app.add_routes(self.identity.routes(lambda: self.url))
        app.add_routes(self.connector.routes())
        app.add_routes(
            [web.get("/files/{key}", self._upload), web.get("/connector/v3/attachments/{key}", self._picture)]
        )
        return app

    async def close(self) -> None:
        """Give up connections; safe twice."""
        await self.hook.close()

    def messages(self, room: str | None = None) -> tuple[LabMessage, ...]:
        """What is on show in a chat; None is the private one."""
        place = self.rooms.rooms.get(room or self.private)
        return tuple(_seen(place.id, said) for said in place.messages.values()) if place is not None else ()

    def activity(self) -> str | None:
        """What is shown below the private chat's messages."""
        room = self.rooms.rooms[self.private]
        is_typing = room.typing_until is not None and self._clock() < room.typing_until
        return room.informs or (f"{self.bot_name} is typing…" if is_typing else None)

    async def say(self, text: str) -> Delivered:
        """Alex writes to the bot in private."""
        return await self._say(self.rooms.rooms[self.private], ALEX, text, mention=False)

    async def say_in_group(self, text: str, *, person: Person = ALEX, mention: bool = True) -> Delivered:
        """Somebody writes in the group chat."""
        return await self._say(self.rooms.rooms[GROUP], person, text, mention=mention)

    async def say_in_channel(
        self, text: str, *, root: str | None = None, person: Person = ALEX, mention: bool = True
    ) -> Delivered:
        """Somebody posts in the channel, or replies in the thread whose root's id is ``root``."""
        number = root or self.rooms.next_id()
        room = self.rooms.add(f"{CHANNEL}{THREAD}{number}", "channel")
        return await self._say(room, person, text, mention=mention, ref=None if root else number)

    async def _say(self, room: Room, person: Person, text: str, *, mention: bool, ref: str | None = None) -> Delivered:
        said = self._put(room, person, {"text": text, "textFormat": "plain"}, ref=ref)
        return await self._tell("message", room, person, id=said.id, **self._scene().words(text, mention=mention))

    def _put(self, room: Room, person: Person, activity: dict[str, Any], *, ref: str | None = None) -> Said:
        said = self.rooms.put(room, "contact", {**activity, "who": person.name})
        if ref is not None:
            del room.messages[said.id]
            said.id = ref
            room.messages[ref] = said
        self.watch.changed()
        return said

    async def press(self, ref: str, choice: str) -> Delivered:
        """Alex presses a button of a card."""
        room, said = self._find(ref)
        action = next(item for item in shown.actions(said.activity) if item.get("title") == choice)
        if action["type"] == "Action.Execute":
            answer = await self._invoke(room, ref, people.executed(action))
            self._replace_card(said, answer)
            return answer
        fields = people.submitted(action)
        number = (
            self._put(room, ALEX, {"text": choice, "textFormat": "plain"}).id
            if fields.get("text")
            else self.rooms.next_id()
        )
        return await self._tell("message", room, ALEX, id=number, replyToId=ref, **fields)

    def _replace_card(self, said: Said, answer: Delivered) -> None:
        """The answer to an Action.Execute may hold the card to show from now on."""
        try:
            body = msgspec.json.decode(answer.body, type=dict[str, Any])
        except msgspec.DecodeError:
            return
        if answer.status == 200 and body.get("type") == shown.CARD:
            said.activity["attachments"] = [{"contentType": shown.CARD, "content": body["value"]}]
            self.watch.changed()

    async def feedback(self, ref: str, is_good: bool, words: str = "") -> Delivered:
        """Alex uses the thumbs under a reply."""
        room, _ = self._find(ref)
        return await self._invoke(room, ref, people.judged(is_good, words))

    async def react(self, ref: str, is_good: bool) -> Delivered:
        """Alex puts an emoji on a message of the bot."""
        room, _ = self._find(ref)
        added = [{"type": "like" if is_good else "angry"}]
        return await self._tell("messageReaction", room, ALEX, replyToId=ref, reactionsAdded=added, reactionsRemoved=[])

    async def edit(self, ref: str, text: str) -> Delivered:
        """Alex changes what they wrote."""
        room, said = self._find(ref)
        said.activity, said.is_edited = {**said.activity, "text": text}, True
        more = {"channelData": {"eventType": "editMessage"}, **self._scene().words(text, mention=False)}
        return await self._tell("messageUpdate", room, ALEX, id=ref, **more)

    async def delete(self, ref: str) -> Delivered:
        """Alex deletes what they wrote."""
        room, said = self._find(ref)
        said.is_deleted = True
        return await self._tell("messageDelete", room, ALEX, id=ref, channelData={"eventType": "softDeleteMessage"})

    async def undelete(self, ref: str) -> Delivered:
        """Alex takes the deletion back."""
        room, said = self._find(ref)
        said.is_deleted = False
        more = {"channelData": {"eventType": "undeleteMessage"}}
        more |= self._scene().words(str(said.activity.get("text", "")), mention=False)
        return await self._tell("messageUpdate", room, ALEX, id=ref, **more)

    async def attach(
        self, name: str, media_type: str, body: bytes, *, text: str = "", is_voice: bool = False
    ) -> Delivered:
        """Alex sends a picture inline or uploads a file; Teams has no voice notes, so one is a file."""
        key, is_picture = secrets.token_urlsafe(12), media_type.startswith("image/") and not is_voice
        self._files[key] = _File(name, media_type, body, is_picture)
        room, words = self.rooms.rooms[self.private], self._scene().words(text, mention=False)
        item: dict[str, Any] = people.uploaded(name, f"{self.url}/files/{key}", key)
        if is_picture:
            item = {"contentType": "image/*", "contentUrl": f"{self.service_url}v3/attachments/{key}", "name": name}
        words["attachments"] = [item, *words["attachments"]]
        said = self._put(room, ALEX, {"text": text, "textFormat": "plain", "sent": [name]})
        return await self._tell("message", room, ALEX, id=said.id, **words)

    def stop(self) -> None:
        """Alex presses Stop under a reply that grows; Teams tells the bot only when it streams on."""
        for said in self.rooms.rooms[self.private].messages.values():
            if said.stream is not None and not said.stream.is_complete:
                said.stream.is_stopped = True
        self.watch.changed()

    async def type_(self) -> Delivered:
        """Alex types."""
        return await self._tell("typing", self.rooms.rooms[self.private], ALEX)

    async def install(self) -> Delivered:
        """Alex adds the app; Teams tells it twice."""
        room = self.rooms.rooms[self.private]
        room.has_bot = True
        await self._tell("installationUpdate", room, ALEX, action="add")
        return await self._tell("conversationUpdate", room, ALEX, **people.membership([self.bot], is_added=True))

    async def uninstall(self) -> Delivered:
        """Alex removes the app."""
        room = self.rooms.rooms[self.private]
        room.has_bot = False
        return await self._tell("installationUpdate", room, ALEX, action="remove")

    @property
    def bot(self) -> str:
        """The bot's id in chats."""
        return f"28:{self.identity.app_id}"

    def _scene(self) -> Scene:
        return Scene(bot=self.bot, bot_name=self.bot_name, tenant=self.tenant, service_url=self.service_url)

    def make(self, kind: str, room: Room, person: Person = ALEX, **fields: Any) -> dict[str, Any]:
        """An activity that was not sent yet."""
        return self._scene().activity(kind, person=person, room=room.id, place=room.kind, at=self._clock(), **fields)

    async def post(self, activity: dict[str, Any], *, token: str | None = None) -> Delivered:
        """Post an activity as the connector does; ``token`` "" sends none."""
        proof = self.identity.token(self.service_url) if token is None else token
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if proof:
            headers["Authorization"] = f"Bearer {proof}"
        return await self.hook.post(msgspec.json.encode(activity), headers)

    async def _tell(self, kind: str, room: Room, person: Person, **fields: Any) -> Delivered:
        fields.setdefault("id", f"f:{secrets.token_hex(8)}")
        answer = await self.post(self.make(kind, room, person, **fields))
        self.watch.changed()
        return answer

    async def _invoke(self, room: Room, ref: str, fields: dict[str, Any]) -> Delivered:
        return await self._tell("invoke", room, ALEX, replyToId=ref, **fields)

    def _find(self, ref: str) -> tuple[Room, Said]:
        for room in self.rooms.rooms.values():
            if ref in room.messages:
                return room, room.messages[ref]
        raise LookupError(ref)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        """A pre-authorised address: whoever knows it gets the file."""
        found = self._files.get(request.match_info["key"])
        return web.Response(status=404) if found is None else _file_answer(found)

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        if not self.identity.knows(request.headers.get("Authorization", "")):
            return web.json_response({"message": "Authorization has been denied for this request."}, status=401)
        found = self._files.get(request.match_info["key"])
        return web.Response(status=404) if found is None or not found.is_ours else _file_answer(found)


def _file_answer(found: _File) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{found.name}"'}
    return web.Response(body=found.body, content_type=found.media_type, headers=headers)


def _seen(room: str, said: Said) -> LabMessage:
    activity = said.activity
    return LabMessage(
        room=room,
        ref=said.id,
        author=said.author,
        text="" if said.is_deleted else shown.words(activity),
        blocks=[] if said.is_deleted else shown.nodes(activity),
        choices=tuple(str(action.get("title")) for action in shown.actions(activity)),
        files=(*activity.get("sent", ()), *shown.files(activity)),
        is_streaming=said.stream is not None and not (said.stream.is_complete or said.stream.is_stopped),
        is_edited=said.is_edited,
        is_deleted=said.is_deleted,
        at=said.at,
        raw=activity,
    )
