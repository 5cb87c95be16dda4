"""Slack's payloads as its documentation shows them, with invented ids; near the contract's clock."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

TEAM, APP, BOT, BOT_ID = "T0LAB", "A0LAB", "U0BOT", "B0BOT"
USER, DM, CHANNEL = "U0KIM", "D0KIM", "C0LAB"
SECOND = 1795262400
"""2026-11-21 12:00 UTC."""
TS, LATER, PANE = f"{SECOND}.000100", f"{SECOND + 5}.000200", f"{SECOND - 60}.000000"


def envelope(event: dict[str, Any] | None, **changes: Any) -> dict[str, Any]:
    auth = {"enterprise_id": None, "team_id": TEAM, "user_id": BOT, "is_bot": True, "is_enterprise_install": False}
    plain = {
        "token": "x",
        "team_id": TEAM,
        "api_app_id": APP,
        "type": "event_callback",
        "event_id": "Ev08ABC",
        "event_time": SECOND,
        "event": event,
        "authorizations": [auth],
        "is_ext_shared_channel": False,
        "event_context": "4-abc",
    }
    return {key: value for key, value in {**plain, **changes}.items() if value is not ...}


def body(event: dict[str, Any] | None, **changes: Any) -> bytes:
    return json.dumps(envelope(event, **changes)).encode()


def dm(**changes: Any) -> dict[str, Any]:
    plain = {
        "type": "message",
        "channel": DM,
        "channel_type": "im",
        "user": USER,
        "team": TEAM,
        "text": "Where is my order &amp; when?",
        "client_msg_id": "7f1c",
        "ts": TS,
        "event_ts": TS,
        "thread_ts": PANE,
        "blocks": [{"type": "rich_text", "elements": []}],
    }
    return {key: value for key, value in {**plain, **changes}.items() if value is not ...}


def in_channel(**changes: Any) -> dict[str, Any]:
    """A word in a channel, outside threads."""
    return dm(**{"channel": CHANNEL, "channel_type": "channel", "thread_ts": ..., **changes})


def edited(text: str = "Where is it?", before: str = "Where is my order?", **changes: Any) -> dict[str, Any]:
    message = dm(text=text, edited={"user": USER, "ts": LATER})
    plain = {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "channel": DM,
        "channel_type": "im",
        "ts": LATER,
        "event_ts": LATER,
        "message": message,
        "previous_message": {**message, "text": before, "edited": None},
    }
    return {key: value for key, value in {**plain, **changes}.items() if value is not ...}


def deleted(**changes: Any) -> dict[str, Any]:
    plain = {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "channel": DM,
        "channel_type": "im",
        "ts": LATER,
        "event_ts": LATER,
        "deleted_ts": TS,
        "previous_message": dm(),
    }
    return {key: value for key, value in {**plain, **changes}.items() if value is not ...}


def reaction(name: str = "+1", **changes: Any) -> dict[str, Any]:
    plain = {
        "type": "reaction_added",
        "user": USER,
        "reaction": name,
        "item": {"type": "message", "channel": DM, "ts": TS},
        "item_user": BOT,
        "event_ts": LATER,
    }
    return {key: value for key, value in {**plain, **changes}.items() if value is not ...}


def picture(**changes: Any) -> dict[str, Any]:
    plain = {
        "id": "F1",
        "name": "a.png",
        "mimetype": "image/png",
        "filetype": "png",
        "size": 12345,
        "url_private": "https://files.slack.com/files-pri/T0LAB-F1/a.png",
        "url_private_download": "https://files.slack.com/files-pri/T0LAB-F1/download/a.png",
        "file_access": "visible",
        "mode": "hosted",
    }
    return {key: value for key, value in {**plain, **changes}.items() if value is not ...}


def voice() -> dict[str, Any]:
    heard = {"status": "complete", "locale": "en-US", "preview": {"content": "Where is my order?", "has_more": False}}
    return picture(
        id="F2", name="audio_message.m4a", mimetype="audio/mp4", subtype="slack_audio", duration_ms=4200,
        media_display_type="audio", transcription=heard,
    )  # fmt: skip


def press(**changes: Any) -> dict[str, Any]:
    action = {
        "type": "button",
        "action_id": "choice:1",
        "block_id": "b1",
        "value": "Yes, please",
        "text": {"type": "plain_text", "text": "Yes, please", "emoji": False},
        "action_ts": f"{SECOND + 9}.100000",
    }
    plain: dict[str, Any] = {
        "type": "block_actions",
        "api_app_id": APP,
        "team": {"id": TEAM, "domain": "lab"},
        "enterprise": None,
        "user": {"id": USER, "username": "kim", "team_id": TEAM},
        "container": {"type": "message", "message_ts": LATER, "channel_id": DM, "is_ephemeral": False},
        "trigger_id": "1.2.3",
        "channel": {"id": DM, "name": "directmessage"},
        "message": {"ts": LATER, "thread_ts": PANE, "text": "Shall I?", "bot_id": BOT_ID},
        "state": {"values": {}},
        "response_url": "https://hooks.slack.com/actions/T0LAB/1/x",
        "actions": [{**action, **changes.pop("action", {})}],
    }
    return {key: value for key, value in {**plain, **changes}.items() if value is not ...}


def form(payload: dict[str, Any]) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


def command(**changes: str) -> bytes:
    plain = {
        "token": "x",
        "team_id": TEAM,
        "team_domain": "lab",
        "channel_id": CHANNEL,
        "channel_name": "general",
        "user_id": USER,
        "user_name": "kim",
        "command": "/ask",
        "text": "Where is my order?",
        "api_app_id": APP,
        "response_url": "https://hooks.slack.com/commands/1",
        "trigger_id": "398738663015.47445629121.803a",
    }
    return urlencode({**plain, **changes}).encode()
