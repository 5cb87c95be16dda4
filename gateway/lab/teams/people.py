"""What people do in Teams, as the activities that a bot gets of it."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

DOWNLOAD_INFO: Final = "application/vnd.microsoft.teams.file.download.info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody in the chats."""

    id: str
    name: str
    aad_object_id: str
    locale: str = "en-US"

    def member(self, tenant: str) -> Mapping[str, Any]:
        """How the directory lists them."""
        mail = f"{self.name.split(maxsplit=1)[0].lower()}@contoso.example"
        return {
            "id": self.id,
            "name": self.name,
            "aadObjectId": self.aad_object_id,
            "email": mail,
            "userPrincipalName": mail,
            "tenantId": tenant,
            "userRole": "user",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where activities come from: the bot, the tenant, the connector's address."""

    bot: str
    bot_name: str
    tenant: str
    service_url: str

    def activity(
        self, kind: str, *, person: Person, room: str, place: str, at: datetime, **more: Any
    ) -> dict[str, Any]:
        """An activity with what all of them have; ``place`` is personal, groupChat or channel."""
        stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        conversation: dict[str, Any] = {"id": room, "conversationType": place, "tenantId": self.tenant}
        data: dict[str, Any] = {"tenant": {"id": self.tenant}}
        if place != "personal":
            conversation["isGroup"] = True
        if place == "channel":
            channel = room.partition(";")[0]
            data |= {"team": {"id": channel}, "channel": {"id": channel}, "teamsChannelId": channel}
        return {
            "type": kind,
            "timestamp": stamp,
            "localTimestamp": stamp,
            "localTimezone": "Europe/Berlin",
            "channelId": "msteams",
            "serviceUrl": self.service_url,
            "from": {"id": person.id, "name": person.name, "aadObjectId": person.aad_object_id},
            "recipient": {"id": self.bot, "name": self.bot_name},
            "conversation": conversation,
            "locale": person.locale,
            "channelData": {**data, **more.pop("channelData", {})},
            **more,
        }

    def words(self, text: str, *, mention: bool) -> dict[str, Any]:
        """The fields of a typed text: Teams writes it as entities, and once more as HTML."""
        plain = html.escape(text, quote=False)
        entities: list[dict[str, Any]] = [{"type": "clientInfo", "locale": "en-US", "country": "US", "platform": "Web"}]
        if mention:
            tag = f"<at>{self.bot_name}</at>"
            plain = f"{tag}&nbsp;{plain}"
            entities.append({"type": "mention", "mentioned": {"id": self.bot, "name": self.bot_name}, "text": tag})
        attachments = [{"contentType": "text/html", "content": f"<p>{plain}</p>"}]
        return {"text": plain, "textFormat": "plain", "attachments": attachments, "entities": entities}


def uploaded(name: str, url: str, unique: str) -> dict[str, Any]:
    """A file that somebody uploaded to the chat."""
    kind = name.rpartition(".")[2].lower()
    content = {"downloadUrl": url, "uniqueId": unique, "fileType": kind}
    return {
        "contentType": DOWNLOAD_INFO,
        "contentUrl": f"https://contoso.sharepoint.com/{name}",
        "name": name,
        "content": content,
    }


def submitted(action: Mapping[str, Any]) -> dict[str, Any]:
    """What an ``Action.Submit`` sends: its data, or the words of a messageBack."""
    data = action.get("data")
    back = data.get("msteams") if isinstance(data, dict) else None
    if isinstance(back, dict) and back.get("type") == "messageBack":
        return {"text": back.get("text", ""), "textFormat": "plain", "value": back.get("value")}
    return {"value": data}


def executed(action: Mapping[str, Any]) -> dict[str, Any]:
    """What an ``Action.Execute`` sends."""
    given = {"type": "Action.Execute", "verb": action.get("verb", ""), "data": action.get("data", {})}
    return {"name": "adaptiveCard/action", "value": {"action": given, "trigger": "manual"}}


def judged(is_good: bool, words: str) -> dict[str, Any]:
    """What the thumbs under a reply send."""
    form = msgspec.json.encode({"feedbackText": words}).decode()
    value = {"reaction": "like" if is_good else "dislike", "feedback": form}
    return {"name": "message/submitAction", "value": {"actionName": "feedback", "actionValue": value}}


def membership(people: Sequence[str], *, is_added: bool) -> dict[str, Any]:
    """Who came or went."""
    return {"membersAdded" if is_added else "membersRemoved": [{"id": person} for person in people]}
