"""The Web API's methods over a workspace: arguments in, ``ok`` answers out, Slack's error words otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.lab.slack.checks import ApiError, check_blocks, check_content, check_markdown, check_metadata, need
from gateway.lab.slack.state import Post, StoredFile, Workspace

SESSION_STATUSES: Final = frozenset({"active", "processing", "suspended", "closed"})
FAULTY: Final = frozenset(
    {
        "chat.postMessage",
        "chat.update",
        "chat.delete",
        "chat.startStream",
        "chat.appendStream",
        "chat.stopStream",
        "files.completeUploadExternal",
        "reactions.add",
    }
)
"""Methods that send or change something: faults strike these."""

STREAMS: Final = frozenset({"chat.startStream", "chat.appendStream", "chat.stopStream"})

Body = Mapping[str, Any]
Told = dict[str, Any]


class Methods:
    """The methods, over one workspace.  ``without`` are names that this workspace does not know."""

    def __init__(self, workspace: Workspace) -> None:
        self._here = workspace
        self.without: set[str] = set()
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._known: dict[str, Callable[[Body, str], Told]] = {
            "auth.test": self._who,
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "chat.delete": self._delete,
            "chat.startStream": self._start,
            "chat.appendStream": self._append,
            "chat.stopStream": self._stop,
            "conversations.open": self._open,
            "conversations.replies": self._replies,
            "conversations.history": self._history,
            "users.info": self._user,
            "reactions.add": self._react,
            "files.getUploadURLExternal": self._upload_url,
            "files.completeUploadExternal": self._complete,
            "files.info": self._file,
            "assistant.threads.setStatus": self._status,
            "agents.sessions.setStatus": self._session,
        }

    def do(self, method: str, body: Body, base: str) -> Told:
        """Run a method; ``base`` is the address the stand-in was called at."""
        run = self._known.get(method)
        if run is None or method in self.without:
            raise ApiError("unknown_method")
        self.calls.append((method, dict(body)))
        told = run(body, base)
        self._here.watch.changed()
        return told

    def of(self, method: str) -> list[dict[str, Any]]:
        """What a method was called with so far."""
        return [body for name, body in self.calls if name == method]

    def _who(self, body: Body, base: str) -> Told:
        here = self._here
        return {
            "url": f"{base}/",
            "team": "Lab",
            "user": "frontdesk",
            "team_id": here.team,
            "user_id": here.bot_user,
            "bot_id": here.bot_id,
            "is_enterprise_install": False,
        }

    def _room(self, body: Body, name: str = "channel") -> str:
        need(body, name)
        if body[name] not in self._here.rooms:
            raise ApiError("channel_not_found")
        return str(body[name])

    def _ours(self, body: Body) -> Post:
        channel = self._room(body)
        need(body, "ts")
        post = self._here.find(channel, str(body["ts"]))
        if post is None:
            raise ApiError("message_not_found")
        if not post.is_ours:
            raise ApiError("cant_update_message")
        return post

    def _post(self, body: Body, base: str) -> Told:
        channel = self._room(body)
        check_content(body)
        post = self._here.put(
            Post(
                channel=channel,
                ts=self._here.next_ts(),
                author=self._here.bot_user,
                text=str(body.get("text") or "")[:40_000],
                markdown=str(body.get("markdown_text") or ""),
                blocks=list(body.get("blocks") or ()),
                thread_ts=body.get("thread_ts"),
                metadata=body.get("metadata"),
                username=body.get("username"),
                is_ours=True,
                raw=dict(body),
            )
        )
        return {"channel": channel, "ts": post.ts, "message": self._here.wire(post)}

    def _update(self, body: Body, base: str) -> Told:
        post = self._ours(body)
        if post.is_streaming:
            raise ApiError("streaming_state_conflict")
        check_content(body)
        post.text, post.markdown = str(body.get("text") or post.text), str(body.get("markdown_text") or "")
        post.blocks, post.is_edited = list(body.get("blocks") or ()), True
        post.metadata = body.get("metadata", post.metadata)
        post.raw = dict(body)
        return {"channel": post.channel, "ts": post.ts, "text": post.text}

    def _delete(self, body: Body, base: str) -> Told:
        post = self._ours(body)
        post.is_deleted = True
        return {"channel": post.channel, "ts": post.ts}

    def _start(self, body: Body, base: str) -> Told:
        channel = self._room(body)
        need(body, "thread_ts")
        check_markdown(body.get("markdown_text"))
        if not channel.startswith("D"):
            for name in ("recipient_user_id", "recipient_team_id"):
                if not body.get(name):
                    raise ApiError(f"missing_{name}")
        post = self._here.put(
            Post(
                channel=channel,
                ts=self._here.next_ts(),
                author=self._here.bot_user,
                markdown=str(body.get("markdown_text") or ""),
                thread_ts=str(body["thread_ts"]),
                is_ours=True,
                is_streaming=True,
                is_streamed=True,
                raw=dict(body),
            )
        )
        return {"channel": channel, "ts": post.ts}

    def _streaming(self, body: Body) -> Post:
        post = self._ours(body)
        if not post.is_streaming:
            raise ApiError("message_not_in_streaming_state")
        check_markdown(body.get("markdown_text"))
        return post

    def _append(self, body: Body, base: str) -> Told:
        need(body, "markdown_text")
        post = self._streaming(body)
        post.markdown += str(body["markdown_text"])
        return {"channel": post.channel, "ts": post.ts}

    def _stop(self, body: Body, base: str) -> Told:
        post = self._streaming(body)
        check_blocks(body.get("blocks") or [])
        check_metadata(body.get("metadata"))
        if "session_status" in body:
            self._set_session(post.channel, str(post.thread_ts), body["session_status"])
        post.markdown += str(body.get("markdown_text") or "")
        post.blocks = list(body.get("blocks") or ())
        post.metadata = body.get("metadata")
        post.is_streaming = False
        post.raw = {**post.raw, **body}
        return {"channel": post.channel, "ts": post.ts, "message": self._here.wire(post)}

    def _open(self, body: Body, base: str) -> Told:
        need(body, "users")
        user = str(body["users"])
        if user == self._here.bot_user:
            raise ApiError("cannot_dm_bot")
        if user not in self._here.people:
            raise ApiError("user_not_found")
        return {"channel": {"id": self._here.dm_of(user)}}

    def _replies(self, body: Body, base: str) -> Told:
        channel = self._room(body)
        need(body, "ts")
        root = str(body["ts"])
        posts = [post for post in self._here.rooms[channel].values() if root in (post.ts, post.thread_ts)]
        if not posts:
            raise ApiError("thread_not_found")
        return self._page(sorted(posts, key=lambda post: post.ts), body)

    def _history(self, body: Body, base: str) -> Told:
        posts = [post for post in self._here.rooms[self._room(body)].values() if post.thread_ts in (None, post.ts)]
        return self._page(sorted(posts, key=lambda post: post.ts, reverse=True), body)

    def _page(self, posts: list[Post], body: Body) -> Told:
        oldest, limit = float(body.get("oldest") or 0), min(int(body.get("limit") or 15), 1_000)
        start = int(body.get("cursor") or 0)
        found = [post for post in posts if float(post.ts) >= oldest and not post.is_deleted]
        with_metadata = str(body.get("include_all_metadata") or "").lower() in ("true", "1")
        told: Told = {
            "messages": [self._here.wire(p, with_metadata=with_metadata) for p in found[start : start + limit]]
        }
        has_more = start + limit < len(found)
        told |= {"has_more": has_more, "response_metadata": {"next_cursor": str(start + limit) if has_more else ""}}
        return told

    def _user(self, body: Body, base: str) -> Told:
        if not self._here.may("users:read"):
            raise ApiError("missing_scope", needed="users:read", provided=self._here.scopes)
        person = self._here.people.get(str(body.get("user") or ""))
        if person is None:
            raise ApiError("user_not_found")
        profile = {"display_name": person.name, "real_name": person.real_name or person.name}
        if person.email and self._here.may("users:read.email"):
            profile["email"] = person.email
        user: Told = {"id": person.id, "team_id": person.team, "is_bot": False, "deleted": False, "profile": profile}
        if person.team != self._here.team:
            user["is_stranger"] = True
        if str(body.get("include_locale") or "").lower() in ("true", "1"):
            user["locale"] = person.locale
        return {"user": user}

    def _react(self, body: Body, base: str) -> Told:
        need(body, "name", "timestamp")
        post = self._here.find(self._room(body), str(body["timestamp"]))
        if post is None:
            raise ApiError("message_not_found")
        users = post.reactions.setdefault(str(body["name"]), set())
        if self._here.bot_user in users:
            raise ApiError("already_reacted")
        users.add(self._here.bot_user)
        return {}

    def _upload_url(self, body: Body, base: str) -> Told:
        need(body, "filename", "length")
        name, length = str(body["filename"]), int(body["length"])
        file = StoredFile(
            id=f"F0LAB{len(self._here.files) + 1:04d}", name=name, title=name, media_type="", length=length
        )
        self._here.files[file.id] = file
        return {"upload_url": f"{base}/upload/v1/{file.id}", "file_id": file.id}

    def _complete(self, body: Body, base: str) -> Told:
        need(body, "files")
        given = body["files"]
        files = [self._here.files.get(str(each.get("id"))) for each in given]
        if any(file is None or file.body is None for file in files):
            raise ApiError("file_not_found")
        told = []
        for file, each in zip(files, given, strict=True):
            assert file is not None
            file.title = str(each.get("title") or file.name)
            told.append({"id": file.id, "title": file.title})
        if body.get("channel_id"):
            self._here.put(
                Post(
                    channel=self._room(body, "channel_id"),
                    ts=self._here.next_ts(),
                    author=self._here.bot_user,
                    text=str(body.get("initial_comment") or ""),
                    files=[each["id"] for each in told],
                    thread_ts=body.get("thread_ts"),
                    is_ours=True,
                    raw=dict(body),
                )
            )
        return {"files": told}

    def _file(self, body: Body, base: str) -> Told:
        file = self._here.files.get(str(body.get("file") or ""))
        if file is None:
            raise ApiError("file_not_found")
        return {"file": self._here.file_wire(file, base)}

    def _status(self, body: Body, base: str) -> Told:
        need(body, "channel_id", "thread_ts")
        channel = self._room(body, "channel_id")
        place = (channel, str(body["thread_ts"]))
        if body.get("status"):
            self._here.statuses[place] = str(body["status"])
        else:
            self._here.statuses.pop(place, None)
        return {}

    def _session(self, body: Body, base: str) -> Told:
        need(body, "channel_id", "status")
        self._set_session(self._room(body, "channel_id"), str(body.get("thread_ts") or ""), body["status"])
        return {}

    def _set_session(self, channel: str, thread_ts: str, status: object) -> None:
        if status not in SESSION_STATUSES:
            raise ApiError("invalid_status")
        self._here.sessions[channel, thread_ts] = str(status)
