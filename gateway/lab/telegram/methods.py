"""The Bot API's methods over what the stand-in remembers: validation, limits and answers as the real server has them.

Facts: Bot API 10.1 (its machine-readable description), checked 2026-11-21.  What a bot may send is checked before anything is
kept; every method returns what stands under ``result``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from gateway.lab.telegram import html
from gateway.lab.telegram.refusals import Refusal, bad
from gateway.lab.telegram.state import Books, Chat, Draft, Entry, Keyboard

MAX_CALLBACK_BYTES = 64
MAX_BUTTONS = 100
MAX_ANSWER_CHARS = 200
PHOTO_BYTES = 10_000_000
FILE_BYTES = 50_000_000
DOWNLOAD_BYTES = 20_000_000
ACTIONS = frozenset(
    ("typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document",
     "choose_sticker", "find_location", "record_video_note", "upload_video_note")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a multipart request."""

    name: str
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a method; ``parameters`` are decoded from whatever form they came in."""

    method: str
    parameters: dict[str, Any]
    files: dict[str, Upload] = field(default_factory=dict)

    def number(self, name: str) -> int:
        """A required integer."""
        value = self.optional_number(name)
        if value is None:
            raise bad(f"parameter {name} is required" if name != "chat_id" else "chat_id is empty")
        return value

    def optional_number(self, name: str) -> int | None:
        """An integer, which forms carry as text."""
        value = self.parameters.get(name)
        if value is None or value == "":
            return None
        try:
            return int(value)
        except (TypeError, ValueError):
            raise bad(f"field {name} must be a number") from None

    def flag(self, name: str) -> bool:
        """A Boolean, which forms carry as text."""
        return self.parameters.get(name) in (True, "true", "True")

    def text(self, name: str) -> str:
        """A text, empty when it is not there."""
        value = self.parameters.get(name)
        return "" if value is None else str(value)


class Methods:
    """What a bot can do with its token."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._by_name: dict[str, Callable[[Call], Any]] = {
            "getme": lambda call: self._books.bot,
            "sendmessage": self._send_message,
            "sendmessagedraft": self._send_draft,
            "editmessagetext": self._edit_text,
            "editmessagereplymarkup": self._edit_markup,
            "deletemessage": self._delete,
            "sendchataction": self._action,
            "answercallbackquery": self._answer_press,
            "sendphoto": lambda call: self._send_file(call, "photo", PHOTO_BYTES),
            "senddocument": lambda call: self._send_file(call, "document", FILE_BYTES),
            "sendvoice": lambda call: self._send_file(call, "voice", FILE_BYTES),
            "getfile": self._get_file,
            "setmessagereaction": self._react,
        }

    def run(self, call: Call) -> Any:
        """The result of a call; raises ``Refusal``."""
        method = self._by_name.get(call.method.lower())
        if method is None:
            raise Refusal(404, "Not Found: method not found")
        return method(call)

    def _send_message(self, call: Call) -> dict[str, Any]:
        chat = self._books.chat(call.number("chat_id"))
        parsed = html.checked(_parsed(call, "text"))
        said: dict[str, Any] = {"text": parsed.text.strip()}
        if parsed.entities:
            said["entities"] = parsed.entities
        return self._post(chat, call, said, parsed.nodes).wire

    def _send_file(self, call: Call, kind: str, limit_bytes: int) -> dict[str, Any]:
        chat = self._books.chat(call.number("chat_id"))
        upload = call.files.get(kind) or next(iter(call.files.values()), None)
        if upload is None:
            raise bad("wrong remote file identifier specified: Wrong string length")
        if len(upload.body) > limit_bytes:
            raise Refusal(413, "Request Entity Too Large")
        if kind == "photo" and not upload.body.startswith((b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"GIF8")):
            raise bad("IMAGE_PROCESS_FAILED")
        kept = self._books.keep(upload.name, upload.media_type, upload.body)
        known = {"file_id": kept.id, "file_unique_id": kept.unique_id, "file_size": len(upload.body)}
        parsed = html.checked(_parsed(call, "caption"), may_be_empty=True)
        said: dict[str, Any] = {"caption": parsed.text} if parsed.text else {}
        match kind:
            case "photo":
                said["photo"] = [{**known, "width": 640, "height": 480}]
            case "voice":
                said["voice"] = {**known, "duration": 1, "mime_type": upload.media_type}
            case _:
                said["document"] = {**known, "file_name": upload.name, "mime_type": upload.media_type}
        entry = self._post(chat, call, said, parsed.nodes)
        entry.files = (upload.name,)
        return entry.wire

    def _post(self, chat: Chat, call: Call, said: dict[str, Any], nodes: list[dict[str, Any]]) -> Entry:
        """Keep a message of the bot."""
        topic = call.optional_number("message_thread_id")
        if topic is not None and not (chat.is_forum or chat.type == "private"):
            raise bad("message thread not found")
        keyboard, keys = _keyboard(call), _reply_keyboard(call)
        answered = self._answered(chat, call)
        self._books.count(chat)
        now = self._books.clock()
        wire: dict[str, Any] = {
            "message_id": self._books.next_id(chat),
            "date": int(now.timestamp()),
            "chat": chat.wire(),
            "from": {key: self._books.bot[key] for key in ("id", "is_bot", "first_name", "username")},
            **({"message_thread_id": topic, "is_topic_message": True} if topic is not None else {}),
            **({"reply_to_message": answered.wire} if answered is not None else {}),
            **said,
            **({"reply_markup": keyboard} if keyboard else {}),
        }
        entry = Entry(
            id=wire["message_id"],
            chat=chat.id,
            is_bot=True,
            wire=wire,
            nodes=nodes,
            at=now,
            raw=dict(call.parameters),
        )
        self._books.entries.append(entry)
        if keys is not None and _is_for_them(chat, keys, answered):
            rows = keys.get("keyboard")
            is_one_time = keys.get("one_time_keyboard") is True
            chat.keyboard = Keyboard(entry=entry.id, rows=_labels(rows), is_one_time=is_one_time) if rows else None
        self._books.drafts.pop(chat.id, None)
        self._books.typing.pop(chat.id, None)
        return entry

    def _answered(self, chat: Chat, call: Call) -> Entry | None:
        wanted = call.parameters.get("reply_parameters")
        if not wanted:
            return None
        found = self._books.entry(chat.id, int(wanted["message_id"]))
        if found is None and not wanted.get("allow_sending_without_reply"):
            raise bad("message to be replied not found")
        return found

    def _send_draft(self, call: Call) -> bool:
        chat = self._books.chat(call.number("chat_id"))
        if chat.type != "private":
            raise bad("TEXTDRAFT_PEER_INVALID")
        draft_id = call.number("draft_id")
        if draft_id == 0:
            raise bad("RANDOM_ID_INVALID")
        parsed = html.checked(_parsed(call, "text"), may_be_empty=True)
        self._books.drafts[chat.id] = Draft(
            id=draft_id,
            parsed=parsed,
            at=self._books.clock(),
            topic=call.optional_number("message_thread_id"),
            can_stop=call.flag("can_stop"),
            keep_on_stop=call.flag("keep_on_stop"),
        )
        return True

    def _own(self, call: Call) -> tuple[Chat, Entry]:
        chat = self._books.chat(call.number("chat_id"))
        entry = self._books.entry(chat.id, call.number("message_id"))
        if entry is None:
            raise bad("message to edit not found")
        if not entry.is_bot:
            raise bad("message can't be edited")
        return chat, entry

    def _edit_text(self, call: Call) -> dict[str, Any]:
        chat, entry = self._own(call)
        parsed = html.checked(_parsed(call, "text"))
        keyboard = _inline_only(call)
        before = (entry.text, entry.wire.get("entities", []), entry.wire.get("reply_markup"))
        if before == (parsed.text.strip(), parsed.entities, keyboard):
            raise _unchanged()
        self._books.count(chat)
        entry.wire["text"] = parsed.text.strip()
        entry.wire["entities"] = parsed.entities
        entry.nodes = parsed.nodes
        entry.raw = dict(call.parameters)
        return self._edited(entry, keyboard)

    def _edit_markup(self, call: Call) -> dict[str, Any]:
        _, entry = self._own(call)
        keyboard = _inline_only(call)
        if entry.wire.get("reply_markup") == keyboard:
            raise _unchanged()
        return self._edited(entry, keyboard)

    def _edited(self, entry: Entry, keyboard: dict[str, Any] | None) -> dict[str, Any]:
        entry.wire.pop("reply_markup", None)
        if keyboard:
            entry.wire["reply_markup"] = keyboard
        entry.wire["edit_date"] = int(self._books.clock().timestamp())
        entry.is_edited = True
        return entry.wire

    def _delete(self, call: Call) -> bool:
        chat = self._books.chat(call.number("chat_id"))
        entry = self._books.entry(chat.id, call.number("message_id"))
        if entry is None:
            raise bad("message to delete not found")
        entry.is_deleted = True
        return True

    def _action(self, call: Call) -> bool:
        chat = self._books.chat(call.number("chat_id"))
        if call.text("action") not in ACTIONS:
            raise bad("wrong parameter action in request")
        self._books.typing[chat.id] = self._books.clock()
        return True

    def _answer_press(self, call: Call) -> bool:
        if len(call.text("text")) > MAX_ANSWER_CHARS:
            raise bad("MESSAGE_TOO_LONG")
        if call.text("callback_query_id") not in self._books.presses:
            raise bad("query is too old and response timeout expired or query ID is invalid")
        self._books.presses.discard(call.text("callback_query_id"))
        return True

    def _get_file(self, call: Call) -> dict[str, Any]:
        kept = self._books.files.get(call.text("file_id"))
        if kept is None:
            raise bad("invalid file_id")
        if len(kept.body) > DOWNLOAD_BYTES:
            raise bad("file is too big")
        return {
            "file_id": kept.id,
            "file_unique_id": kept.unique_id,
            "file_size": len(kept.body),
            "file_path": kept.path,
        }

    def _react(self, call: Call) -> bool:
        chat = self._books.chat(call.number("chat_id"))
        entry = self._books.entry(chat.id, call.number("message_id"))
        if entry is None:
            raise bad("message to react not found")
        entry.reaction = list(call.parameters.get("reaction") or [])
        return True


def _parsed(call: Call, name: str) -> html.Parsed:
    mode = call.text("parse_mode")
    if mode not in ("", "HTML"):
        raise bad("unsupported parse_mode in this stand-in")
    text = call.text(name).replace("\r\n", "\n")
    return html.parse(text) if mode else html.plain(text)


def _keyboard(call: Call) -> dict[str, Any] | None:
    """The buttons of a call, checked."""
    markup = call.parameters.get("reply_markup")
    if not markup:
        return None
    if isinstance(markup, dict) and ("keyboard" in markup or "remove_keyboard" in markup):
        return None
    if not isinstance(markup, dict) or not isinstance(markup.get("inline_keyboard"), list):
        raise bad("object expected as reply markup")
    buttons = [button for row in markup["inline_keyboard"] for button in row]
    if len(buttons) > MAX_BUTTONS:
        raise bad("reply markup is too long")
    for button in buttons:
        if not button.get("text"):
            raise bad("text buttons are allowed only with a text")
        if not ("url" in button or 1 <= len(str(button.get("callback_data", "")).encode()) <= MAX_CALLBACK_BYTES):
            raise bad("BUTTON_DATA_INVALID")
    return markup


def _inline_only(call: Call) -> dict[str, Any] | None:
    """A message that stands takes buttons, but no keyboard."""
    if _reply_keyboard(call) is not None:
        raise bad("inline keyboard expected")
    return _keyboard(call)


def _reply_keyboard(call: Call) -> dict[str, Any] | None:
    """Keys in place of the contact's own, or their removal, checked."""
    markup = call.parameters.get("reply_markup")
    if not isinstance(markup, dict) or not ("keyboard" in markup or "remove_keyboard" in markup):
        return None
    if "remove_keyboard" in markup:
        if markup["remove_keyboard"] is not True:
            raise bad("field remove_keyboard must be True")
        return {"selective": markup.get("selective")}
    rows = markup["keyboard"]
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) and row for row in rows):
        raise bad("keyboard must be an Array of Array of KeyboardButton")
    if not all(_labels(rows)) or not all(label for row in _labels(rows) for label in row):
        raise bad("keyboard button text must be non-empty")
    return markup


def _labels(rows: Any) -> list[list[str]]:
    return [[str(key.get("text") or "") if isinstance(key, dict) else str(key) for key in row] for row in rows]


def _is_for_them(chat: Chat, keys: dict[str, Any], answered: Entry | None) -> bool:
    """A selective keyboard is for whose message is answered; the stand-in plays only one contact."""
    is_selective = keys.get("selective") is True and chat.type != "private"
    return not is_selective or (answered is not None and not answered.is_bot)


def _unchanged() -> Refusal:
    return bad(
        "message is not modified: specified new message content and reply markup are exactly the same as a current "
        "content and reply markup of the message"
    )


def webhook_address(url: str) -> str:
    """An address to call; plain http only on this machine, where the real one takes https alone."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")):
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    return url
