"""Events API deliveries → what they mean; pure but for what ``Known`` remembers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from adapters.slack.files import attachments_of
from adapters.slack.known import Known
from adapters.slack.payloads import Delivered, Envelope, Event, Said
from adapters.slack.rooms import Installation, Place, is_direct, place_of, ref_of
from adapters.slack.settings import SlackSettings
from adapters.slack.text import mentions, plain
from core.domain import Attachment, Contact, EventKind, InboundEvent
from core.errors import PayloadInvalid
from core.inbound import AccountLost, Elsewhere, Ignored, Parsed, Reaction, Respond, Sought
from core.wire import decode

SPOKEN: Final = frozenset({None, "file_share", "thread_broadcast", "me_message"})
"""Subtypes of messages that people write."""

RATINGS: Final = {"+1": 5, "thumbsup": 5, "-1": 1, "thumbsdown": 1}
"""Reactions that judge a reply; skin tones are cut off before."""

NO_EVENT: Final = {
    "assistant_thread_started": "assistant_thread_started",
    "assistant_thread_context_changed": "assistant_thread_context_changed",
    "app_home_opened": "app_home_opened",
    "reaction_removed": "reaction_removed",
    "member_joined_channel": "membership",
    "member_left_channel": "membership",
}
"""Events that ask for nothing, and the reason that is counted."""

MAX_SECONDS_DIGITS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One delivery while it is read: for whom, by whom, when it came."""

    installation: Installation
    bot: str | None
    app: str | None
    received_at: datetime
    body: bytes


def moment(ts: str | None, field: str) -> datetime:
    """A Slack timestamp (``seconds.microseconds``) as a time; ``PayloadInvalid`` when it is none."""
    seconds, dot, fraction = (ts or "").partition(".")
    digits = seconds + fraction
    if (
        not (digits.isascii() and digits.isdigit())
        or not seconds
        or len(seconds) > MAX_SECONDS_DIGITS
        or (dot and not fraction)
    ):
        raise PayloadInvalid("Not a Slack timestamp.", field=field)
    return datetime.fromtimestamp(int(seconds), UTC).replace(microsecond=int(fraction[:6].ljust(6, "0")))


def given(value: str | None, field: str) -> str:
    """A value that has to be there."""
    if not value:
        raise PayloadInvalid("This field is required.", field=field)
    return value


class EventReader:
    """Reads the events of one account."""

    def __init__(self, tenant: str, account: str, settings: SlackSettings, known: Known) -> None:
        self._tenant = tenant
        self._account = account
        self._dm_threads = settings.dm_threads
        self._wanted = settings.team_id
        self._known = known

    def read(self, body: bytes, received_at: datetime) -> tuple[Parsed, ...]:
        """What a delivery means."""
        try:
            delivered = decode(body, Delivered)
        except PayloadInvalid:
            return (_by_name(body),)
        match delivered.type:
            case "event_callback" if delivered.event is not None:
                return (self._event(delivered, delivered.event, received_at, body),)
            case "url_verification":
                challenge = given(delivered.challenge, "/challenge")
                return (Respond(msgspec.json.encode({"challenge": challenge})),)
            case "app_rate_limited":
                return (Ignored("app_rate_limited"),)
            case _:
                return (Ignored("unknown_type"),)

    def elsewhere(self, installation: Installation) -> Elsewhere | None:
        """Whether another account of the same app is meant."""
        wanted = self._wanted or self._known.team
        if wanted is None or wanted in (installation.team, installation.enterprise):
            return None
        return Elsewhere(installation.team)

    def _event(self, delivered: Delivered, event: Event, received_at: datetime, body: bytes) -> Parsed:
        auth = delivered.authorizations[0] if delivered.authorizations else None
        installation = Installation(
            team=given((auth and auth.team_id) or delivered.team_id or delivered.enterprise_id, "/team_id"),
            enterprise=(auth and auth.enterprise_id) or delivered.enterprise_id,
        )
        away = self.elsewhere(installation)
        if away is not None:
            return away
        delivery = Delivery(
            installation=installation,
            bot=(auth.user_id if auth is not None and auth.is_bot is not False else None) or self._known.bot,
            app=delivered.api_app_id,
            received_at=received_at,
            body=body,
        )
        match event.type:
            case "message" | "app_mention":
                return self._message(event, delivery)
            case "reaction_added":
                return self._reaction(event, delivery)
            case "agent_session_stopped":
                return self._stopped(event, delivery)
            case "app_uninstalled":
                return AccountLost("app_uninstalled")
            case "tokens_revoked":
                is_ours = event.tokens is not None and bool(event.tokens.bot)
                return AccountLost("tokens_revoked") if is_ours else Ignored("other_tokens_revoked")
            case _:
                return Ignored(NO_EVENT.get(event.type, "unknown_event"))

    def _message(self, event: Event, delivery: Delivery) -> Parsed:
        if event.subtype == "message_changed":
            return self._changed(event, delivery)
        if event.subtype == "message_deleted":
            return self._deleted(event, event.previous_message, event.deleted_ts, delivery)
        bot = _bot_of(event.user, event.bot_id, event.app_id, event.subtype, delivery)
        if bot is not None:
            return bot
        if event.subtype not in SPOKEN:
            return Ignored("subtype")
        return self._said(event, delivery)

    def _said(self, event: Event, delivery: Delivery) -> Parsed:
        user, channel = given(event.user, "/event/user"), given(event.channel, "/event/channel")
        ts, raw = given(event.ts, "/event/ts"), event.text or ""
        is_im = is_direct(channel, event.channel_type)
        is_addressed = (
            is_im or event.type == "app_mention" or (delivery.bot is not None and mentions(raw, delivery.bot))
        )
        if not is_addressed and (not event.thread_ts or event.thread_ts == ts):
            return Ignored("not_addressed")
        text = plain(raw, bot=delivery.bot)
        attachments = attachments_of(self._tenant, self._account, event.files or ())
        if not text and not attachments:
            return Ignored("no_text")
        place = self._place(delivery, channel, user=user, ts=ts, thread_ts=event.thread_ts, is_im=is_im)
        return self._made(
            EventKind.MESSAGE,
            place,
            delivery,
            home=delivery.installation.home(event.user_team, event.team),
            key=f"msg:{ts}",
            ts=ts,
            text=text,
            attachments=attachments,
            follows=not is_addressed,
        )

    def _changed(self, event: Event, delivery: Delivery) -> Parsed:
        """Slack reports unfurled links, streamed replies and dead threads in the same way: only a contact's edit counts."""
        now, before = event.message, event.previous_message
        if now is None:
            return Ignored("subtype")
        if now.subtype == "tombstone":
            return self._deleted(event, before, now.ts, delivery)
        bot = _bot_of(now.user, now.bot_id, None, now.subtype, delivery)
        if bot is not None:
            return bot
        is_same = before is not None and before.text == now.text
        if now.edited is None or now.edited.user != now.user or is_same:
            return Ignored("not_an_edit")
        user, channel = given(now.user, "/event/message/user"), given(event.channel, "/event/channel")
        text = plain(now.text, bot=delivery.bot)
        if not text:
            return Ignored("no_text")
        ts = given(now.ts, "/event/message/ts")
        is_im = is_direct(channel, event.channel_type)
        place = self._place(delivery, channel, user=user, ts=ts, thread_ts=now.thread_ts, is_im=is_im)
        return self._made(
            EventKind.CONTACT_EDITED,
            place,
            delivery,
            home=delivery.installation.home(now.user_team, now.team),
            key=f"edit:{ts}:{now.edited.ts}",
            ts=now.edited.ts or event.event_ts or event.ts,
            text=text,
            target=f"msg:{ts}",
        )

    def _deleted(self, event: Event, before: Said | None, ts: str | None, delivery: Delivery) -> Parsed:
        channel, ts = given(event.channel, "/event/channel"), given(ts, "/event/deleted_ts")
        if before is not None:
            bot = _bot_of(before.user, before.bot_id, None, None, delivery)
            if bot is not None:
                return bot
        is_im = is_direct(channel, event.channel_type)
        user = (before.user if before is not None else None) or (self._known.writers.get(channel) if is_im else None)
        if user is None and is_im:
            return Ignored("unknown_author")
        thread_ts = before.thread_ts if before is not None else None
        place = self._place(delivery, channel, user=user or "", ts=ts, thread_ts=thread_ts, is_im=is_im)
        return self._made(
            EventKind.CONTACT_DELETED,
            place,
            delivery,
            home=delivery.installation.home(*((before.user_team, before.team) if before is not None else ())),
            key=f"delete:{ts}",
            ts=event.event_ts or event.ts or ts,
            target=f"msg:{ts}",
        )

    def _reaction(self, event: Event, delivery: Delivery) -> Parsed:
        rating = RATINGS.get((event.reaction or "").partition("::")[0])
        if rating is None:
            return Ignored("reaction")
        if event.item is None or event.item.type != "message" or not event.item.channel or not event.item.ts:
            return Ignored("reaction")
        user = given(event.user, "/event/user")
        if user == delivery.bot:
            return Ignored("own_message")
        if event.item_user and delivery.bot and event.item_user != delivery.bot:
            return Ignored("reaction_to_another")
        ref = ref_of(event.item.channel, event.item.ts)
        conv = self._known.sent.get(ref, "")
        if not conv and is_direct(event.item.channel) and not self._dm_threads:
            place = Place(team=delivery.installation.team, channel=event.item.channel, user=user)
            conv = place.conv(self._tenant, self._account)
        sought = None
        if not conv:
            # Slack names neither thread nor conversation, and this process did not post it: the store must know.
            home = delivery.installation.home(event.user_team, event.team)
            sent_at = moment(event.item.ts, "/event/item/ts")
            within = {"channel": event.item.channel}
            sought = Sought(by=f"slack:{home}:{user}", within=within, among_others=True, sent_at=sent_at)
        key = f"reaction:{user}:{event.item.ts}:{rating}"
        return Reaction(conv=conv, vendor_ref=ref, key=key, rating=rating, sought=sought)

    def _stopped(self, event: Event, delivery: Delivery) -> Parsed:
        channel, user = given(event.channel, "/event/channel"), given(event.user, "/event/user")
        ts = given(event.thread_ts, "/event/thread_ts")
        place = self._place(delivery, channel, user=user, ts=ts, thread_ts=ts, is_im=is_direct(channel))
        at = event.event_ts or ts
        home = delivery.installation.home(event.user_team, event.team)
        return self._made(EventKind.CONTACT_STOPPED, place, delivery, home=home, key=f"stop:{at}", ts=at)

    def _place(
        self, delivery: Delivery, channel: str, *, user: str, ts: str, thread_ts: str | None, is_im: bool
    ) -> Place:
        if is_im:
            self._known.writers.keep(channel, user)
        return place_of(
            delivery.installation.team,
            channel,
            user=user,
            ts=ts,
            thread_ts=thread_ts,
            is_im=is_im,
            dm_threads=self._dm_threads,
        )

    def _made(
        self,
        kind: EventKind,
        place: Place,
        delivery: Delivery,
        *,
        home: str,
        key: str,
        ts: str | None,
        text: str = "",
        attachments: tuple[Attachment, ...] = (),
        target: str | None = None,
        follows: bool = False,
    ) -> InboundEvent:
        return InboundEvent(
            tenant=self._tenant,
            account=self._account,
            conv=place.conv(self._tenant, self._account),
            dedupe_key=key,
            kind=kind,
            contact=Contact(id=f"slack:{home}:{place.user}") if place.user else None,
            provider_at=moment(ts, "/event/ts"),
            received_at=delivery.received_at,
            order_key=ts or "",
            text=text,
            attachments=attachments,
            target=target,
            follows=follows,
            thread=place.thread(home),
            payload=delivery.body,
        )


def _bot_of(
    user: str | None, bot_id: str | None, app: str | None, subtype: str | None, delivery: Delivery
) -> Ignored | None:
    """The guard against loops: what we said, and what other bots say, is never answered."""
    if (user is not None and user == delivery.bot) or (app is not None and app == delivery.app and bot_id):
        return Ignored("own_message")
    if bot_id or subtype == "bot_message" or user == "USLACKBOT":
        return Ignored("other_bot")
    return None


def _by_name(body: bytes) -> Ignored:
    """A type of event that has other fields than those we read; ``PayloadInvalid`` when it is one that we do read."""
    envelope = decode(body, Envelope)
    read = {"message", "app_mention", "reaction_added", "agent_session_stopped", "app_uninstalled", "tokens_revoked"}
    if envelope.type not in ("event_callback", "url_verification"):
        return Ignored("unknown_type")
    if envelope.type == "event_callback" and envelope.event is not None and envelope.event.type not in read:
        return Ignored(NO_EVENT.get(envelope.event.type, "unknown_event"))
    raise PayloadInvalid("The event does not have the fields of its type.", field="/event")
