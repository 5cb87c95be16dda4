"""What Slack posts to an app: signed events, interactions and commands."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import secrets
import time
from typing import Any, Final
from urllib.parse import urlencode

from gateway.lab.slack.state import Post, Workspace

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"

Told = dict[str, Any]


class Events:
    """Makes the bodies."""

    def __init__(self, workspace: Workspace) -> None:
        self._here = workspace
        self._numbers = itertools.count(1)

    def envelope(self, event: Told, *, is_shared: bool = False) -> Told:
        """An event as it is delivered."""
        here = self._here
        auth = {"enterprise_id": None, "team_id": here.team, "user_id": here.bot_user, "is_bot": True}
        return {
            "token": "lab",
            "team_id": here.team,
            "api_app_id": here.app_id,
            "type": "event_callback",
            "event_id": f"Ev0LAB{next(self._numbers):05d}",
            "event_time": int(time.time()),
            "event": event,
            "authorizations": [{**auth, "is_enterprise_install": False}],
            "is_ext_shared_channel": is_shared,
        }

    def message(self, post: Post, **more: Any) -> Told:
        """A message of a person, or of the app itself."""
        channel_type = "im" if post.channel.startswith("D") else "channel"
        told = self._here.wire(post) | {"channel": post.channel, "channel_type": channel_type, "event_ts": post.ts}
        author = self._here.people.get(post.author)
        if author is not None:
            told |= {"team": author.team, "user_team": author.team}
        return {**told, **more}

    def edited(self, post: Post, before: str) -> Told:
        """The message has other words now."""
        at = self._here.next_ts()
        now = self.message(post) | {"edited": {"user": post.author, "ts": at}}
        return self._hidden("message_changed", post, at, message=now, previous_message=now | {"text": before})

    def deleted(self, post: Post) -> Told:
        """The message is gone."""
        at = self._here.next_ts()
        return self._hidden("message_deleted", post, at, deleted_ts=post.ts, previous_message=self.message(post))

    def _hidden(self, subtype: str, post: Post, at: str, **more: Any) -> Told:
        kind = "im" if post.channel.startswith("D") else "channel"
        told = {"type": "message", "subtype": subtype, "hidden": True, "channel": post.channel, "channel_type": kind}
        return {**told, "ts": at, "event_ts": at, **more}

    def reaction(self, post: Post, user: str, name: str) -> Told:
        """A person put an emoji on a message."""
        item = {"type": "message", "channel": post.channel, "ts": post.ts}
        told = {"type": "reaction_added", "user": user, "reaction": name, "item": item, "item_user": post.author}
        return {**told, "event_ts": self._here.next_ts()}

    def press(self, post: Post, user: str, button: Told) -> Told:
        """A person pressed a button."""
        person = self._here.people[user]
        where = {"type": "message", "message_ts": post.ts, "channel_id": post.channel, "is_ephemeral": False}
        keep = ("type", "action_id", "text", "value")
        action = {name: button[name] for name in keep if name in button} | {"action_ts": self._here.next_ts()}
        return {
            "type": "block_actions",
            "api_app_id": self._here.app_id,
            "team": {"id": self._here.team, "domain": "lab"},
            "enterprise": None,
            "user": {"id": user, "username": person.name.lower(), "team_id": person.team},
            "container": where | ({"thread_ts": post.thread_ts} if post.thread_ts else {}),
            "trigger_id": secrets.token_hex(8),
            "channel": {"id": post.channel, "name": "directmessage"},
            "message": self._here.wire(post),
            "state": {"values": {}},
            "actions": [{"block_id": "b1", **action}],
        }

    def command(self, user: str, command: str, text: str, channel: str) -> dict[str, str]:
        """A person gave a slash command."""
        return {
            "team_id": self._here.team,
            "team_domain": "lab",
            "channel_id": channel,
            "user_id": user,
            "user_name": self._here.people[user].name.lower(),
            "command": command,
            "text": text,
            "api_app_id": self._here.app_id,
            "trigger_id": f"{time.time_ns()}.{secrets.token_hex(4)}",
        }


def signed(body: bytes, content_type: str, secret: str, *, retry: int = 0) -> dict[str, str]:
    """The headers of a delivery; ``retry`` counts redeliveries."""
    stamp = str(int(time.time()))
    base = b":".join((b"v0", stamp.encode(), body))
    headers = {
        "Content-Type": content_type,
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest(),
    }
    if retry:
        headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"}
    return headers


def form(**fields: str) -> bytes:
    """A form-encoded body."""
    return urlencode(fields).encode()


def compact(told: Told) -> bytes:
    """A JSON body."""
    return json.dumps(told, separators=(",", ":")).encode()
