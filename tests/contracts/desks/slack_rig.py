"""Slack as a desk: its stand-in over HTTP.  Agents claim and resolve by reactions, which stay, and give back with a button."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp.test_utils import TestServer

from core import markup
from core.ports.channel import RawRequest
from core.ports.helpdesk import By, CaseStatus
from gateway.lab.desks.slack import SlackDeskLab
from gateway.lab.desks.slack.lab import SECRET
from gateway.lab.desks.weather import Trouble
from gateway.lab.slack.events import JSON, compact, signed
from gateway.lab.slack.state import Post
from tests.contracts.desks.backstage import Missing, Receive, SeenCase, SeenEntry

AUTHOR = re.compile(r"\*(.+?)\*")
WHO = {"U0SUE": "sue", "U0MAX": "max"}
PUBLIC_BY = {"contact": By.CONTACT, "agent": By.AGENT}


class SlackBackstage:
    """Implements tests.contracts.desks.backstage.Backstage."""

    kind = "slack"
    is_slow_to_start = False
    forgets_wishes = True

    def __init__(self) -> None:
        self.lab = SlackDeskLab()
        self.settings: Mapping[str, Any] = {}
        self._server = TestServer(self.lab.app())

    async def start(self) -> None:
        await self._server.start_server()
        self.settings = self.lab.settings(str(self._server.make_url("")).rstrip("/"))

    async def stop(self) -> None:
        await self._server.close()

    def connect(self, receive: Receive) -> None:
        async def post(body: bytes, headers: Mapping[str, str]) -> int:
            return await receive(_request(body, headers))

        self.lab.outlet.post = post

    async def cases(self) -> tuple[SeenCase, ...]:
        return tuple(self._case(root) for root in self.lab.threads() if _facts(root, "frontdesk_case"))

    def _case(self, root: Post) -> SeenCase:
        facts = _facts(root, "frontdesk_case")
        entries = [self._opening(root)]
        for post in self.lab.workspace.replies(root):
            if post.is_ours and post.files and not post.metadata:
                before = entries[-1]
                entries[-1] = SeenEntry(
                    id=before.id,
                    by=before.by,
                    author=before.author,
                    text=before.text,
                    is_public=before.is_public,
                    files={**before.files, **self._files(post)},
                )
            elif not (post.metadata and post.metadata["event_type"] == "frontdesk_hint"):
                entries.append(self._entry(post))
        status = CaseStatus(facts.get("status", "open"))
        return SeenCase(
            ref=f"{root.channel}:{root.ts}",
            key=facts["key"],
            subject=_plain(root.blocks[0]["text"]["text"]),
            status=CaseStatus.SOLVED if root.reactions.get("white_check_mark") else status,
            assignee=facts.get("assignee"),
            team=facts.get("team"),
            urgency=facts.get("urgency", "normal"),
            tags=frozenset(facts.get("tags", "").split("\n")) - {""},
            entries=tuple(entries),
        )

    def _opening(self, root: Post) -> SeenEntry:
        author = AUTHOR.search(root.blocks[1]["elements"][0]["text"])
        assert author is not None
        links = [line for line in _contexts(root) if line.startswith("📎")]
        text = "\n".join([_shown(root), *links])
        return SeenEntry(id=root.ts, by=By.CONTACT, author=_plain(author[1]), text=text, is_public=True, files={})

    def _entry(self, post: Post) -> SeenEntry:
        files = self._files(post)
        if not post.is_ours:
            by = By.AGENT if post.author in WHO else By.OTHER
            is_public = not post.text.startswith("note:")
            return SeenEntry(id=post.ts, by=by, author=post.author, text=post.text, is_public=is_public, files=files)
        facts = _facts(post, "frontdesk_entry")
        lead, *links = _contexts(post)
        # What people see tells public from private, and so must what apps read.
        assert lead.startswith("🔒") is not facts.get("is_public", False)
        return SeenEntry(
            id=post.ts,
            by=PUBLIC_BY.get(facts["by"], By.OURS),
            author=facts["author"],
            text="\n".join([_shown(post), *links]),
            is_public=facts.get("is_public", False),
            files=files,
        )

    def _files(self, post: Post) -> dict[str, bytes]:
        held = [self.lab.workspace.files[each] for each in post.files]
        return {file.title: file.body or b"" for file in held}

    async def reply(self, ref: str, text: str, *, agent: str = "sue", files: Mapping[str, bytes] = {}) -> str:
        return await self.lab.write(ref, text, agent=agent, files=files)

    async def note(self, ref: str, text: str, *, agent: str = "sue") -> str:
        return await self.lab.write(ref, f"note: {text}", agent=agent)

    async def assign(self, ref: str, agent: str) -> None:
        await self.lab.react(ref, "eyes", agent=agent)

    async def solve(self, ref: str, *, agent: str = "sue") -> None:
        await self.lab.react(ref, "white_check_mark", agent=agent)

    async def close(self, ref: str) -> None:
        raise Missing

    async def reopen(self, ref: str, *, agent: str = "sue") -> None:
        await self.lab.unreact(ref, "white_check_mark")

    async def give_back(self, ref: str, *, agent: str = "sue") -> None:
        await self.lab.press(ref, "Give back to the bot", agent=agent)

    async def delete(self, ref: str) -> None:
        await self.lab.delete(ref)

    async def merge(self, ref: str, into: str) -> None:
        raise Missing

    async def edit(self, ref: str, entry: str, text: str) -> None:
        was_note = self.lab.post_at(f"{ref.partition(':')[0]}:{entry}").text.startswith("note:")
        await self.lab.edit(ref, entry, f"note: {text}" if was_note else text)

    async def remove(self, ref: str, entry: str) -> None:
        await self.lab.remove(ref, entry)

    async def stranger(self, ref: str, text: str) -> None:
        await self.lab.write_as_app(ref, text)
        await self.lab.write_as_guest(ref, text)

    def throttle(self, times: int, retry_after_s: float) -> None:
        self.lab.weather.add(Trouble.THROTTLED, times=times, retry_after_s=retry_after_s)

    def fail(self, times: int) -> None:
        self.lab.weather.add(Trouble.FAILED, times=times)

    def lose_answers(self, times: int) -> None:
        self.lab.weather.add(Trouble.LOST, times=times)

    def refuse_credentials(self, refuse: bool) -> None:
        self.lab.weather.refuses = refuse

    def down(self, is_down: bool) -> None:
        self.lab.weather.is_down = is_down

    def hold(self) -> None:
        self.lab.outlet.hold()

    async def release(self, *, order: str = "as made", copies: int = 1) -> None:
        await self.lab.outlet.release(is_reversed=order == "reversed", copies=copies)

    async def drop(self) -> None:
        self.lab.outlet.drop()
        self.lab.weather.clear()

    def forged(self) -> RawRequest | None:
        body = self._said("C0CASES", "1700000000.000100")
        return _request(body, signed(body, JSON, "another secret"))

    def unknown_case(self) -> RawRequest | None:
        body = self._said("C0CASES", "1600000000.000100")
        return _request(body, signed(body, JSON, SECRET))

    def _said(self, channel: str, thread_ts: str) -> bytes:
        told = {"type": "message", "user": "U0SUE", "text": "Hello?", "channel": channel, "channel_type": "channel"}
        ts = self.lab.workspace.next_ts()
        return compact(self.lab.events.envelope({**told, "ts": ts, "event_ts": ts, "thread_ts": thread_ts}))

    @property
    def calls(self) -> int:
        return self.lab.weather.calls


def _request(body: bytes, headers: Mapping[str, str]) -> RawRequest:
    return RawRequest(
        method="POST", path="/webhooks/desk/acme", headers=headers, body=body, received_at=datetime.now(UTC)
    )


def _facts(post: Post, event_type: str) -> dict[str, Any]:
    told = post.metadata
    return dict(told["event_payload"]) if told is not None and told["event_type"] == event_type else {}


def _shown(post: Post) -> str:
    """The words of a message, as its readers see them."""
    texts = [block["text"] for block in post.blocks if block["type"] == "markdown"]
    return "\n\n".join(markup.to_text(markup.parse(text)) for text in texts).replace("\u200b", "")


def _contexts(post: Post) -> list[str]:
    return [each["text"] for block in post.blocks if block["type"] == "context" for each in block["elements"]]


def _plain(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip("*")
