"""The webhook desk: events to an address, events from it; implements core.ports.helpdesk.Helpdesk and EditsEntries.

There is nothing to read back, so the other end keeps two promises: it answers an event that it has had (the same
``webhook-id``) as it did the first time, and it repeats its own until we take them.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import msgspec

from core import ids
from core.domain import Attachment
from core.errors import (
    CaseClosed,
    CaseGone,
    CredentialsInvalid,
    DeliveryError,
    MessageRejected,
    OutcomeUnknown,
    PayloadInvalid,
    PayloadMalformed,
    ProviderUnavailable,
    Throttled,
    Unsupported,
)
from core.inbound import Ignored, Respond
from core.ports.channel import Fetched, Finding, RawRequest
from core.ports.helpdesk import (
    By,
    CaseAsked,
    CaseChange,
    CaseDraft,
    CaseState,
    CaseStatus,
    CaseWish,
    DeskAgent,
    DeskFeatures,
    Entry,
    EntryDraft,
    EntryMade,
    Heard,
    RemoteFile,
)
from core.vendors.download import Downloads
from core.vendors.http import Answer, VendorHttp
from handoff import DeskContext
from handoff.desks.webhook import events, proof
from handoff.desks.webhook.doctor import examine
from handoff.desks.webhook.settings import WebhookDeskSettings

KIND: Final = "webhook"
LINK_VALID_S: Final = 7 * 86_400
INLINE_BYTES: Final = 5_000_000
LINKED_BYTES: Final = 20_000_000
ANSWER_BYTES: Final = 65_536

FEATURES: Final = DeskFeatures(
    pushes=True,
    signed=True,
    reads=False,
    notes=True,
    gives_back="The event `give_back`, from whatever button your desk has for it, or a note `/bot`.",
    edits=True,
    deletes=True,
    closes=True,
    max_text=60_000,
    max_file_bytes=INLINE_BYTES,
)
NOT_HERE: Final = "The webhook desk cannot be read back."


class WebhookHelpdesk:
    """One tenant's address."""

    kind = KIND

    def __init__(self, context: DeskContext, settings: WebhookDeskSettings) -> None:
        self.features = FEATURES if settings.files == "inline" else replace(FEATURES, max_file_bytes=LINKED_BYTES)
        self._context = context
        self._settings = settings
        self._keys = settings.keys
        self._http = VendorHttp()
        self._downloads = Downloads(settings.fetched_from)

    def verify(self, request: RawRequest) -> None:
        """By the shared secret."""
        proof.verify(self._keys, request)

    def parse(self, request: RawRequest) -> tuple[Heard, ...]:
        """One event; a mistake in it is answered with its place, so that whoever builds the other end finds it."""
        try:
            event = msgspec.json.decode(request.body, type=events.Incoming)
        except msgspec.ValidationError as error:
            what, _, place = str(error).partition(" - at ")
            raise PayloadInvalid(f"{what}.", field=place.strip("`").removeprefix("$.") or "type") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise PayloadMalformed("This is not JSON.") from error
        return (_heard(event, request.received_at),)

    async def find(self, key: str) -> str | None:
        """The ref that the desk gave.  A case whose answer was lost is opened again, and the desk knows it by the event's id."""
        return await self._context.memory.recall(_ref_name(key))

    async def create(self, draft: CaseDraft) -> str:
        """``case.opened``; its id is our key, at every attempt."""
        event = events.CaseOpened(
            id=draft.key, at=draft.opening.at, case=_case(draft), entry=await self._said(draft.opening)
        )
        taken = await self._post(event)
        return await self._context.memory.remember(_ref_name(draft.key), taken.ref or draft.key)

    async def add(self, ref: str, draft: EntryDraft, *, again: bool) -> str:
        """``entry.added``, for agents only ``note.added``; ``again`` it is the same event, which the desk knows."""
        said = await self._said(draft)
        kind = events.EntryAdded if draft.is_public else events.NoteAdded
        taken = await self._post(kind(id=draft.key, at=draft.at, ref=ref, entry=said))
        return taken.id or draft.key

    async def edit(self, ref: str, entry_id: str, text: str | None) -> None:
        """``entry.changed``."""
        at, event_id = self._context.clock(), ids.new_id("edit")
        await self._post(events.EntryChanged(id=event_id, at=at, ref=ref, entry_id=entry_id, text=text))

    async def change(self, ref: str, change: CaseChange) -> None:
        """``case.changed``; every call is an event of its own, since the same change may be wanted again later."""
        told = events.Change(
            status=change.status,
            urgency=change.urgency,
            team=change.team,
            assignee=change.assignee,
            add_tags=change.add_tags,
            remove_tags=change.remove_tags,
            took_back=change.took_back,
        )
        await self._post(events.CaseChanged(id=ids.new_id("change"), at=self._context.clock(), ref=ref, change=told))

    async def state(self, ref: str) -> CaseState:
        """There is none to read."""
        raise Unsupported(NOT_HERE)

    async def entries(self, ref: str, *, after: str | None = None) -> tuple[Entry, ...]:
        """There are none to read."""
        raise Unsupported(NOT_HERE)

    async def changed(self, since: datetime) -> tuple[str, ...]:
        """Nothing is known to have changed but what the desk says itself."""
        return ()

    async def fetch(self, file: RemoteFile, *, limit_bytes: int) -> Fetched:
        """An agent's file, from the hosts that the settings allow."""
        got = await self._downloads.fetch(file.origin, limit_bytes=limit_bytes)
        return Fetched(body=got.body, media_type=got.media_type, name=file.name)

    async def examine(self) -> tuple[Finding, ...]:
        """What ``frontdesk doctor`` tells about the desk."""
        return await examine(self._ping, self._context, self._settings)

    async def close(self) -> None:
        """Give up connections; safe twice."""
        await self._http.close()
        await self._downloads.close()

    async def _ping(self) -> Answer:
        answer = await self._call(events.Pinged(id=ids.new_id("ping"), at=self._context.clock()))
        if not _is_taken(answer):
            raise _refusal(answer)
        return answer

    async def _post(self, event: events.Outgoing) -> events.Taken:
        answer = await self._call(event)
        if not _is_taken(answer):
            raise _refusal(answer)
        if not answer.body.strip():
            return events.Taken()
        try:
            return msgspec.json.decode(answer.body, type=events.Taken)
        except (msgspec.DecodeError, UnicodeDecodeError):
            # "ok", or a page: the event was taken, and our own key will do for its id.
            return events.Taken()

    async def _call(self, event: events.Outgoing) -> Answer:
        body = msgspec.json.encode(_clean(msgspec.to_builtins(event)))
        headers = proof.headers_of(self._keys, event_id=event.id, at=self._context.clock(), body=body)
        headers["Content-Type"] = "application/json"
        return await self._http.call("POST", self._settings.url, headers=headers, data=body, limit_bytes=ANSWER_BYTES)

    async def _said(self, draft: EntryDraft) -> events.Said:
        return events.Said(
            key=draft.key,
            by=draft.by,
            author=draft.author,
            text=draft.text,
            at=draft.at,
            files=tuple([await self._file(file) for file in draft.files]),
            links=tuple(events.Link(name=name, url=url) for name, url in draft.links),
        )

    async def _file(self, file: Attachment) -> events.File:
        """By its address; inline where that is wanted, or where we have no public address."""
        url = self._context.files.link(file, valid_s=LINK_VALID_S) if self._settings.files == "link" else None
        data = None
        if url is None:
            try:
                data = base64.b64encode(await self._context.files.read(file)).decode()
            except LookupError:
                raise MessageRejected(f"The file {file.id} is gone.") from None
        return events.File(name=file.name, media_type=file.media_type, size_bytes=file.size_bytes, url=url, data=data)


def _heard(event: events.Incoming, now: datetime) -> Heard:
    match event:
        case events.Ping():
            return Respond(b'{"ok":true}')
        case events.Reply():
            return EntryMade(ref=event.ref, entry=_entry(event, event.at or now, is_public=True, files=_files(event)))
        case events.Note():
            return EntryMade(ref=event.ref, entry=_entry(event, event.at or now, is_public=False))
        case events.Edited():
            entry = _entry(event, event.at or now, is_public=event.is_public, revision=event.revision)
            return EntryMade(ref=event.ref, entry=entry)
        case events.Deleted():
            entry = _entry(event, event.at or now, is_public=event.is_public, revision="deleted", is_deleted=True)
            return EntryMade(ref=event.ref, entry=entry)
        case events.Assigned():
            return _asked(event, CaseWish.CLAIM)
        case events.GiveBack():
            return _asked(event, CaseWish.GIVE_BACK)
        case events.Status() if event.status in (CaseStatus.SOLVED, CaseStatus.CLOSED):
            return _asked(event, CaseWish.RESOLVE)
        case events.Status():
            return Ignored(f"status_{event.status}")


def _entry(event: events.Reply | events.Note | events.Edited | events.Deleted, at: datetime, **facts: Any) -> Entry:
    text = "" if isinstance(event, events.Deleted) else event.text
    return Entry(id=event.id, by=By.AGENT, text=text, at=at, agent=_agent(event.agent), **facts)


def _agent(agent: events.Agent) -> DeskAgent:
    return DeskAgent(id=agent.id, name=" ".join(agent.name.split()) or "An agent", email=agent.email)


def _files(event: events.Reply) -> tuple[RemoteFile, ...]:
    return tuple(
        RemoteFile(id=each.id, name=each.name, media_type=each.media_type, size_bytes=each.size_bytes, origin=each.url)
        for each in event.files
    )


def _asked(event: events.Assigned | events.GiveBack | events.Status, wish: CaseWish) -> CaseAsked:
    return CaseAsked(ref=event.ref, id=event.id, wish=wish, agent=_agent(event.agent))


def _case(draft: CaseDraft) -> events.Case:
    contact = draft.contact
    return events.Case(
        key=draft.key,
        conversation=draft.conv,
        subject=draft.subject,
        channel=draft.channel,
        contact=events.Customer(
            id=contact.id,
            name=contact.name,
            email=contact.email,
            customer_account=contact.customer_account,
            verified=contact.verified,
            locale=contact.locale,
        ),
        urgency=draft.urgency,
        team=draft.team,
        assignee=draft.assignee,
        tags=draft.tags,
        language=draft.language,
        follows=draft.follows,
        fields=dict(draft.fields),
    )


def _clean(value: Any) -> Any:
    """Plain values without what JSON cannot say: lone surrogates."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode("utf-8")
        case dict():
            return {_clean(name): _clean(each) for name, each in value.items()}
        case list() | tuple():
            return [_clean(each) for each in value]
    return value


def _ref_name(key: str) -> str:
    return f"webhook-case:{key}"


def _is_taken(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def _refusal(answer: Answer) -> DeliveryError:
    """What a status means.  404 and redirects are mistakes of the address: the event waits until it is mended."""
    kind: type[DeliveryError]
    match answer.status:
        case 401 | 403:
            kind = CredentialsInvalid
        case 409:
            kind = CaseClosed
        case 410:
            kind = CaseGone
        case 429:
            kind = Throttled
        case 404 | 405 | 408 | 425 | 503:
            kind = ProviderUnavailable
        case status if status < 400:
            kind = ProviderUnavailable
        case status if status >= 500:
            kind = OutcomeUnknown
        case _:
            kind = MessageRejected
    return kind(f"The desk's address answered {answer.status}.", retry_after_s=answer.retry_after_s)
