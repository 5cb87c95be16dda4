"""Identities of one contact, linked by proof: tokens are minted, presented, confirmed by a code, and links undone.

Everything that must hold across processes is a unique insert: a token is used once, an entry of a record has one number, an
answer is one commit per nonce.  A link grants nothing but being shown together at the desk and being tried when a message
cannot be delivered (gateway/ladder.py); it never moves words, names or authority.  docs/identity.md has the attacks.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
import structlog

from adapters.web.tokens import signing_key
from core import ids
from core.domain import EventKind, Head, InboundEvent
from core.identity import (
    CODE_LIFETIME,
    TOKEN_BYTES,
    TOKEN_LIFETIME,
    Fact,
    LinkKey,
    LinkKind,
    LinkRecord,
    Proof,
    Standing,
    account_of,
    ask_of,
    code_in,
    facts_of,
    identity_of,
    is_about_links,
    is_stop,
    new_ask,
    next_number,
    standing,
    token_in,
)
from core.inbound import LinkProof
from core.ledger import CommitDraft
from core.link_texts import sentence
from core.linking import answered, told
from core.ports.channel import Channel, SupportsLinking
from core.ports.store import Store, TenantStore
from gateway.identity_record import add

log = structlog.get_logger(__name__)


class Minted(msgspec.Struct, frozen=True, kw_only=True):
    """What a token stands for, kept under its ask until it is presented."""

    identity: str
    conv: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A fresh token and when it runs out."""

    token: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One identity of a person, with the proof that put it there and its newest conversations."""

    identity: str
    standing: Standing
    heads: tuple[Head, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """What is known of the contact behind an identity: its own standing, and the other identities of the same person."""

    standing: Standing
    others: tuple[Member, ...]


class Identity:
    """The links of one process; it keeps nothing in memory."""

    def __init__(
        self,
        store: Store,
        *,
        channels: Callable[[], Mapping[str, Channel]],
        secret: bytes,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._store = store
        self._channels = channels
        self._key = LinkKey(signing_key(secret, "identity-link"))
        self._clock = clock
        self._random = random

    async def mint(self, tenant: str, *, identity: str, conv: str) -> Token:
        """A token for an identity; whoever presents it in another private chat within a quarter of an hour is asked on."""
        ask, until = new_ask(self._random(TOKEN_BYTES)), self._clock() + TOKEN_LIFETIME
        kept = msgspec.json.encode(Minted(identity=identity, conv=conv, until=until)).decode()
        await self._store.for_tenant(tenant).claim(_minted_key(ask), kept)
        return Token(token=self._key.token(ask, tenant=tenant, identity=identity, until=until), until=until)

    async def prove(self, channel: Channel, proof: LinkProof) -> bool:
        """A contact presents what may be a token; True when their words should be answered as any others.

        Answers in the chat itself, once however often the event comes; raises ``StoreUnavailable``.
        """
        token = token_in(proof.token)
        return True if token is None else await self._presented(channel, proof.event, token, echo=False)

    async def heard(self, channel: Channel, event: InboundEvent) -> bool:
        """A contact's message that may be about links; True when it should be answered as any other."""
        if not is_about_links(event):
            return True
        token, code = token_in(event.text), code_in(event.text)
        if token is not None:
            return await self._presented(channel, event, token, echo=True)
        if is_stop(event.text):
            return await self._stopped(event)
        return code is None or await self._typed(event, code)

    async def _presented(self, channel: Channel, event: InboundEvent, token: str, *, echo: bool) -> bool:
        store = self._store.for_tenant(event.tenant)
        asked = await self._asked(store, channel, event, token)
        if isinstance(asked, str):
            await self._answer(store, event, asked, note=None, echo=echo, fields={})
            return False
        code = self._key.code(ask_of(token), tenant=event.tenant, other=asked.other or "")
        fields = {"other": self._kind_of(asked.identity), "code": f"{code[:3]} {code[3:]}"}
        await self._answer(store, event, "code", note=None, echo=echo, fields=fields)
        return False

    async def _asked(self, store: TenantStore, channel: Channel, event: InboundEvent, token: str) -> LinkRecord | str:
        """The ask that a token opens on its minter's record; else which sentence says why not."""
        if event.contact is None or not is_private(channel, event.thread):
            return "private"
        minted = await self._minted(store, token)
        if minted is None:
            return "dead"
        presenter, ask = identity_of(event.account, event.contact), ask_of(token)
        if presenter == minted.identity:
            return "same"
        if await store.claim(f"link-used:{ask}", event.id) != event.id:
            return "dead"
        record = LinkRecord(
            identity=minted.identity,
            n=0,
            kind=LinkKind.ASKED,
            at=self._clock(),
            by="contact",
            conv=minted.conv,
            other=presenter,
            other_conv=event.conv,
            proof=Proof.TOKEN,
            ask=ask,
            until=self._clock() + CODE_LIFETIME,
        )
        stands = await add(store, record)
        waiting = standing(await store.links(minted.identity), now=self._clock()).asks
        if any(open_ask.ask == ask for open_ask in waiting):
            await self._tell(store, minted.conv, f"link-opened:{ask}", "opened", other=channel.kind)
        return stands

    async def _minted(self, store: TenantStore, token: str) -> Minted | None:
        """What a token stands for, when we made it for this tenant and it has not run out."""
        kept = await store.claimed(_minted_key(ask_of(token)))
        if kept is None:
            return None
        minted = msgspec.json.decode(kept, type=Minted)
        is_ours = self._key.is_genuine(token, tenant=store.tenant, identity=minted.identity, until=minted.until)
        return minted if is_ours and self._clock() < minted.until else None

    async def _typed(self, event: InboundEvent, code: str) -> bool:
        """Six digits: the code of an open ask, or just a number."""
        if event.contact is None:
            return True
        done = await self.confirm(event.tenant, identity_of(event.account, event.contact), code, attempt=event.id)
        if done is None:
            return True
        store = self._store.for_tenant(event.tenant)
        fields = {"other": self._kind_of(done.other or "")}
        await self._answer(store, event, "linked", note=_joined(done), echo=True, fields=fields)
        return False

    async def confirm(self, tenant: str, identity: str, code: str, *, attempt: str | None = None) -> LinkRecord | None:
        """The contact brings the code back to where the token was minted: both chats are theirs.

        None when it fits no open ask.  A try is counted, once per ``attempt``, before it is looked at, so that guesses that
        come at once are not one.  The presenter's entry is written first and the minter's, which closes the ask, last: a
        crash between them leaves the code good for another try.
        """
        store, now = self._store.for_tenant(tenant), self._clock()
        records = await store.links(identity)
        if (again := self._again(records, tenant, code)) is not None:
            await self._tell_presenter(store, again)
            return again
        if not standing(records, now=now).asks:
            return None
        tried = LinkRecord(identity=identity, n=0, kind=LinkKind.TRIED, at=now, by="contact", ask=attempt)
        number = (await add(store, tried)).n
        earlier = [record for record in await store.links(identity) if record.n < number]
        for ask in standing(earlier, now=now).asks:
            if self._key.is_code(code, ask.ask or "", tenant=tenant, other=ask.other or ""):
                return await self._join(store, ask)
        return None

    def _again(self, records: tuple[LinkRecord, ...], tenant: str, code: str) -> LinkRecord | None:
        """The newest link, when this very code made it a moment ago: the call came twice."""
        last = records[-1] if records else None
        if last is None or last.kind is not LinkKind.LINKED or last.ask is None or last.other is None:
            return None
        is_recent = self._clock() - last.at < CODE_LIFETIME
        return last if is_recent and self._key.is_code(code, last.ask, tenant=tenant, other=last.other) else None

    async def _join(self, store: TenantStore, ask: LinkRecord) -> LinkRecord:
        now, other = self._clock(), ask.other or ""
        minter = standing(await store.links(ask.identity), now=now)
        presenter = standing(await store.links(other), now=now)
        person = minter.person or presenter.person or "p_" + ids.digest(store.tenant, "ask", ask.ask or "")
        link = replace(ask, n=0, kind=LinkKind.LINKED, at=now, person=person, until=None)
        await add(store, _mirrored(link))
        done = await add(store, link)
        log.info(
            "identities_linked",
            tenant=store.tenant,
            proof=Proof.TOKEN,
            accounts=(account_of(ask.identity), account_of(other)),
        )
        await self._tell_presenter(store, done)
        return done

    async def _tell_presenter(self, store: TenantStore, done: LinkRecord) -> None:
        """Say in the chat that showed the code that the link stands."""
        theirs = _mirrored(done)
        if theirs.conv is not None:
            name, nonce = self._kind_of(done.identity), f"linked:{done.ask}"
            await self._tell(store, theirs.conv, nonce, "linked", note=_joined(theirs), other=name)

    async def tell_linked(self, tenant: str, done: LinkRecord) -> None:
        """Say in the minter's own chat that the link stands, when the code came by another way than that chat."""
        if done.conv is not None:
            store = self._store.for_tenant(tenant)
            nonce = f"linked:{done.ask}"
            await self._tell(
                store, done.conv, nonce, "linked", note=_joined(done), other=self._kind_of(done.other or "")
            )

    async def _stopped(self, event: InboundEvent) -> bool:
        """STOP LINK: heard only by who is linked, or was by this very message."""
        if event.contact is None:
            return True
        store, identity = self._store.for_tenant(event.tenant), identity_of(event.account, event.contact)
        records = await store.links(identity)
        is_redelivered = any(r.kind is LinkKind.UNLINKED and r.ask == event.id for r in records)
        if not is_redelivered and not await self._unlink(store, records, identity, by="contact", ask=event.id):
            return True
        await self._answer(store, event, "unlinked", note="The contact disconnected this chat.", echo=True, fields={})
        return False

    async def unlink(self, tenant: str, identity: str, *, by: str) -> bool:
        """Take an identity out of its person, and close its asks; False when there was nothing to undo.

        Messages stay where they are.  The contact is told in the chat in which the link was made.
        """
        store = self._store.for_tenant(tenant)
        records = await store.links(identity)
        before = standing(records, now=self._clock())
        if not await self._unlink(store, records, identity, by=by, ask=None):
            return False
        if before.conv is not None:
            nonce = f"unlinked:{identity}:{next_number(records)}"
            note = f"{by} disconnected this chat from the contact's other chats."
            await self._tell(store, before.conv, nonce, "unlinked", note=note)
        return True

    async def _unlink(
        self, store: TenantStore, records: tuple[LinkRecord, ...], identity: str, *, by: str, ask: str | None
    ) -> bool:
        before = standing(records, now=self._clock())
        if before.person is None and not before.asks:
            return False
        end = LinkRecord(
            identity=identity,
            n=0,
            kind=LinkKind.UNLINKED,
            at=self._clock(),
            by=by,
            person=before.person,
            conv=before.conv,
            ask=ask,
        )
        await add(store, end)
        log.info("identity_unlinked", tenant=store.tenant, account=account_of(identity))
        return True

    async def vouch(self, channel: Channel, head: Head, *, facts: tuple[Fact, ...] = ()) -> None:
        """Link by what a vendor or the company verified; an identity that is linked, or was taken out, stays as it is."""
        if channel.tenant != head.tenant:
            return
        identity, store = identity_of(head.account, head.contact), self._store.for_tenant(head.tenant)
        for fact in (*facts, *facts_of(channel.kind, head.contact)):
            now, person = self._clock(), fact.person(head.tenant)
            stands = standing(await store.links(identity), now=now)
            if stands.person is not None or person in stands.left:
                continue
            link = LinkRecord(
                identity=identity,
                n=0,
                kind=LinkKind.LINKED,
                at=now,
                by="verified",
                person=person,
                conv=head.conv if is_private(channel, head.thread) else None,
                proof=fact.proof,
            )
            await add(store, link)

    async def together(self, tenant: str, identity: str) -> Together:
        """Who else is the same contact, as the records stand now."""
        store, now = self._store.for_tenant(tenant), self._clock()
        own = standing(await store.links(identity), now=now)
        if own.person is None:
            return Together(standing=own, others=())
        found = []
        for name in await store.linked(own.person):
            stands = standing(await store.links(name), now=now)
            if name != identity and stands.person == own.person:
                heads = await store.conversations_of((name,), limit=10)
                found.append(Member(identity=name, standing=stands, heads=heads))
        return Together(standing=own, others=tuple(found))

    async def _answer(
        self,
        store: TenantStore,
        event: InboundEvent,
        key: str,
        *,
        note: str | None,
        echo: bool,
        fields: Mapping[str, str],
    ) -> None:
        """Answer the contact's words about links in their own chat, in a commit that consumes them."""
        control = replace(event, kind=EventKind.CONTACT_LINKED)

        def build(head: Head) -> CommitDraft:
            text = sentence(key, head.language or head.contact.locale, **fields)
            return answered(head, control, text, note=note, echo=echo)

        with suppress(LookupError):
            await store.append(event.conv, nonce=f"link:{ids.digest(event.dedupe_key)}", build=build, event=control)

    async def _tell(
        self, store: TenantStore, conv: str, nonce: str, key: str, *, note: str | None = None, **fields: str
    ) -> None:
        """Say something in a chat, once; a chat in which nobody has written yet hears nothing."""

        def build(head: Head) -> CommitDraft:
            return told(head, sentence(key, head.language or head.contact.locale, **fields), note=note)

        with suppress(LookupError):
            await store.append(conv, nonce=nonce, build=build)

    def _kind_of(self, identity: str) -> str:
        """The kind of an identity's channel."""
        channel = self._channels().get(account_of(identity))
        return channel.kind if channel is not None else "other"


def is_private(channel: Channel, thread: Mapping[str, object]) -> bool:
    """Whether a thread is between the contact and us alone; a channel with rooms must say so itself."""
    if isinstance(channel, SupportsLinking):
        return channel.is_private(thread)
    return not channel.capabilities.groups


def _minted_key(ask: str) -> str:
    return f"link-minted:{ask}"


def _mirrored(link: LinkRecord) -> LinkRecord:
    """The same link as the other identity's record has it."""
    return replace(
        link, identity=link.other or "", conv=link.other_conv, other=link.identity, other_conv=link.conv, n=0
    )


def _joined(link: LinkRecord) -> str:
    return f"The contact connected this chat with another of theirs (account {account_of(link.other or '')})."
