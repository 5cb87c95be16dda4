"""The workspace of agents: what the customers' stand-in of Slack keeps, and what only a desk looks at."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from gateway.lab.slack.checks import ApiError, need
from gateway.lab.slack.methods import Methods
from gateway.lab.slack.state import Person, Post, Workspace

TOMBSTONE: Final = "This message was deleted."
Told = dict[str, Any]


class DeskWorkspace(Workspace):
    """Tells of messages what agents' ones have: edits, reactions, subtypes, emoji, other apps."""

    def __init__(self, *, team: str, people: list[Person]) -> None:
        super().__init__(team=team, bot_user="U0DESKBOT", bot_id="B0DESKBOT", app_id="A0DESK", people=people)
        self.base = ""
        """Where files are fetched; known when the stand-in was first called."""

    def wire(self, post: Post, *, with_metadata: bool = False) -> Told:
        """A message as the API tells it."""
        if post.is_deleted:
            return {"type": "message", "subtype": "tombstone", "ts": post.ts, "user": "USLACKBOT", "text": TOMBSTONE}
        told = super().wire(post, with_metadata=with_metadata)
        told |= {name: post.raw[name] for name in ("bot_id", "subtype", "edited") if name in post.raw}
        if not post.is_ours:
            told |= _rich(post.text)
        if post.files:
            told["files"] = [self.file_wire(self.files[each], self.base) for each in post.files]
            told["subtype"] = "file_share"
        if post.reactions:
            told["reactions"] = [
                {"name": name, "users": sorted(users), "count": len(users)}
                for name, users in post.reactions.items()
                if users
            ]
        if post.thread_ts is not None and post.thread_ts != post.ts:
            root = self.rooms[post.channel].get(post.thread_ts)
            told["parent_user_id"] = "USLACKBOT" if root is None or root.is_deleted else root.author
        return told

    def replies(self, root: Post) -> list[Post]:
        """What stands in a thread, oldest first."""
        posts = self.rooms[root.channel].values()
        return sorted(
            (post for post in posts if post.thread_ts == root.ts and not post.is_deleted), key=lambda post: post.ts
        )


def _rich(text: str) -> Told:
    """Emoji stand in ``text`` by their names only; the blocks tell also which they are."""
    found = [sign for sign in dict.fromkeys(text) if ord(sign) > 0xFFFF and unicodedata.category(sign) == "So"]
    if not found:
        return {"text": text}
    elements: list[Told] = []
    for sign in found:
        name = unicodedata.name(sign, "emoji").lower().replace(" ", "_").replace("-", "_")
        text = text.replace(sign, f":{name}:")
        elements.append({"type": "emoji", "name": name, "unicode": f"{ord(sign):x}"})
    section = {"type": "rich_text_section", "elements": elements}
    return {"text": text, "blocks": [{"type": "rich_text", "elements": [section]}]}


class DeskMethods(Methods):
    """The methods a desk needs beside those of a customers' channel."""

    def __init__(self, workspace: DeskWorkspace) -> None:
        super().__init__(workspace)
        self.there = workspace
        self._known |= {
            "conversations.replies": self._thread,
            "conversations.history": self._channel,
            "conversations.members": self._members,
            "conversations.info": self._info,
            "chat.getPermalink": self._permalink,
            "chat.update": self._changed,
        }

    def do(self, method: str, body: Mapping[str, Any], base: str) -> Told:
        """Run a method."""
        self.there.base = base
        return super().do(method, body, base)

    def _changed(self, body: Mapping[str, Any], base: str) -> Told:
        told = self._update(body, base)
        post = self._ours(body)
        post.raw["edited"] = {"user": self.there.bot_user, "ts": self.there.next_ts()}
        return told

    def _thread(self, body: Mapping[str, Any], base: str) -> Told:
        """The first message always comes first; ``oldest`` is about the others."""
        room, ts = self.there.rooms[self._room(body)], str(body.get("ts") or "")
        root = room.get(ts)
        if root is None or root.thread_ts not in (None, ts):
            raise ApiError("thread_not_found")
        replies = self.there.replies(root)
        if root.is_deleted and not replies:
            raise ApiError("thread_not_found")
        later = [post for post in replies if float(post.ts) > float(body.get("oldest") or 0)]
        return self._paged([root, *later], body)

    def _channel(self, body: Mapping[str, Any], base: str) -> Told:
        posts = [post for post in self.there.rooms[self._room(body)].values() if post.thread_ts in (None, post.ts)]
        shown = [post for post in posts if not post.is_deleted or self.there.replies(post)]
        told = self._paged(sorted(shown, key=lambda post: post.ts, reverse=True), body)
        for message in told["messages"]:
            replies = self.there.replies(self.there.rooms[str(body["channel"])][message["ts"]])
            message.update({"reply_count": len(replies), "latest_reply": replies[-1].ts} if replies else {})
        return told

    def _paged(self, posts: list[Post], body: Mapping[str, Any]) -> Told:
        limit, start = max(int(body.get("limit") or 100), 1), int(body.get("cursor") or 0)
        with_metadata = str(body.get("include_all_metadata") or "").lower() in ("true", "1")
        page = [self.there.wire(post, with_metadata=with_metadata) for post in posts[start : start + limit]]
        has_more = start + limit < len(posts)
        cursor = str(start + limit) if has_more else ""
        return {"messages": page, "has_more": has_more, "response_metadata": {"next_cursor": cursor}}

    def _members(self, body: Mapping[str, Any], base: str) -> Told:
        self._room(body)
        return {"members": [*self.there.people, self.there.bot_user], "response_metadata": {"next_cursor": ""}}

    def _info(self, body: Mapping[str, Any], base: str) -> Told:
        room = self._room(body)
        return {"channel": {"id": room, "name": room.lower(), "is_member": True, "is_archived": False}}

    def _permalink(self, body: Mapping[str, Any], base: str) -> Told:
        need(body, "message_ts")
        room, ts = self._room(body), str(body["message_ts"])
        return {"permalink": f"{base}/archives/{room}/p{ts.replace('.', '')}", "channel": room}
