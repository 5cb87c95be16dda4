"""One account of Twilio with one sender, and the phone of one contact."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import aiohttp
from aiohttp import web
from yarl import URL

from gateway.lab.twilio.api import Api, now
from gateway.lab.twilio.dialect import nodes, plain_nodes
from gateway.lab.twilio.hooks import Poster
from gateway.lab.twilio.sending import Sender
from gateway.lab.twilio.state import RANKS, Book, Content, Entry
from gateway.lab.vendor import Delivered, Faults, Hook, LabMessage, Watch

TYPING_S = 25
STOP = frozenset(("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"))
START = frozenset(("START", "UNSTOP", "YES"))
HELP = frozenset(("HELP", "INFO"))
OPTED_OUT_LINE = "You will get no more messages from this number. Reply START to get them again."
OPTED_IN_LINE = "You will get messages from this number again."
MAX_FETCHED = 16_000_000
API_URL = "https://api.twilio.com"
LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))


class TwilioLab:
    """One account with one sender; the contact is the phone that the lab page shows.

    ``statuses`` are what a message goes through by itself; ``swaps_next`` lets the callbacks of so many messages come in the
    wrong order.  ``shift`` moves the stand-in's clock, for the 24-hour window.
    """

    def __init__(
        self,
        kind: str = "whatsapp",
        *,
        account_sid: str = "AC" + "1ab" * 10 + "00",
        auth_token: str = "lab-auth-token",  # noqa: S107  the lab's own
        number: str = "+15550001111",
        contact: str = "+15550002222",
        contact_name: str = "Robin",
        clock: Callable[[], datetime] = now,
        logins: Mapping[str, str] | None = None,
        signs_as: str | None = None,
        service: str = "MG" + "0" * 32,
    ) -> None:
        prefix = "whatsapp:" if kind == "whatsapp" else ""
        self.kind = kind
        self.account_sid = account_sid
        self.number = prefix + number.removeprefix("whatsapp:")
        self.contact = prefix + contact.removeprefix("whatsapp:")
        self.contact_name = contact_name
        self.logins = {account_sid: auth_token, **(logins or {})}
        self.faults = Faults()
        self.hook = Hook()
        self.watch = Watch()
        self.book = Book()
        self.sender = Sender(kind=kind, number=self.number, service=service, book=self.book)
        self.poster = Poster(self.hook, token=auth_token, signs_as=signs_as)
        self.statuses: tuple[str, ...] = ("sent", "delivered")
        self.swaps_next = 0
        self.has_advanced_opt_out = False
        self.shift = timedelta()
        self.calls: list[str] = []
        self._clock = clock
        self._typing_at: datetime | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._fetcher: aiohttp.ClientSession | None = None

    def now(self) -> datetime:
        """The stand-in's time."""
        return self._clock() + self.shift

    @property
    def registered_url(self) -> str:
        """What is registered for incoming messages, as the console shows it."""
        return self.poster.signs_as or self.hook.url

    def app(self) -> web.Application:
        """The API."""
        return Api(self).app()

    def messages(self, room: str | None = None) -> tuple[LabMessage, ...]:
        """The conversation with a contact's number, as their phone shows it."""
        there = room or self.contact
        return tuple(self._shown(entry) for entry in self.book.entries if there in (entry.to, entry.sender))

    def activity(self) -> str | None:
        """What the phone shows above its keyboard."""
        is_typing = self._typing_at is not None and self.now() - self._typing_at < timedelta(seconds=TYPING_S)
        return "typing…" if is_typing else None

    async def say(self, text: str) -> Delivered:
        """The contact writes."""
        return await self.post({"Body": text, **self._message_type("text")})

    async def press(self, ref: str, choice: str) -> Delivered:
        """The contact presses a quick reply or a row of a list; where there are no buttons they type it."""
        entry = self.book.entry(ref)
        if entry is None:
            raise LookupError(ref)
        if not entry.choices:
            return await self.say(choice)
        title, id_ = next(row for row in entry.choices if choice in (row[0], row[1], row[1].partition(":")[2]))
        fields = {"ListId": id_, "ListTitle": title} if entry.is_list else {"ButtonText": title, "ButtonPayload": id_}
        replied = {"OriginalRepliedMessageSid": ref, "OriginalRepliedMessageSender": self.number}
        return await self.post({"Body": title, **self._message_type("interactive"), **fields, **replied})

    async def attach(
        self, name: str, media_type: str, body: bytes, *, text: str = "", is_voice: bool = False
    ) -> Delivered:
        """The contact sends a file; Twilio keeps no names."""
        media = self.book.new_sid("ME")
        claimed = "audio/ogg" if is_voice else media_type
        self.book.media[media] = (claimed, body)
        kind = claimed.partition("/")[0]
        kind = kind if kind in ("image", "audio", "video") else "document"
        fields = {"Body": text, "MediaContentType0": claimed, **self._message_type(kind)}
        return await self.post(fields, media=media, files=(name,))

    async def locate(self, latitude: str, longitude: str, *, label: str = "", address: str = "") -> Delivered:
        """The contact shares a place (WhatsApp)."""
        place = {"Latitude": latitude, "Longitude": longitude, "Label": label, "Address": address}
        fields = {name: value for name, value in place.items() if value}
        return await self.post({"Body": "", **self._message_type("location"), **fields})

    async def read(self, ref: str) -> None:
        """The contact has read a message."""
        entry = self.book.entry(ref)
        if entry is not None:
            await self.report(entry, "read")

    async def post(
        self, fields: Mapping[str, str], *, media: str | None = None, files: tuple[str, ...] = ()
    ) -> Delivered:
        """A message of the contact with these fields, as the webhook brings it."""
        sid = self.book.new_sid("MM" if media else "SM")
        form = {
            "MessageSid": sid,
            "SmsSid": sid,
            "SmsMessageSid": sid,
            "AccountSid": self.account_sid,
            "From": self.contact,
            "To": self.number,
            "NumMedia": "1" if media else "0",
            "NumSegments": "1",
            "SmsStatus": "received",
            "ApiVersion": "2010-04-01",
            **self._who(),
            **fields,
        }
        if media:
            path = f"/2010-04-01/Accounts/{self.account_sid}/Messages/{sid}/Media/{media}"
            form["MediaUrl0"] = API_URL + path
        entry = Entry(
            sid=sid,
            to=form["To"],
            sender=form["From"],
            body=form.get("Body", ""),
            at=self.now(),
            is_inbound=True,
            status="received",
            media=(media,) if media else (),
            files=files,
            raw=form,
        )
        self.book.entries.append(entry)
        self.wrote(form["From"])
        form.update(self._heard(form["From"], form.get("Body", "")))
        self.watch.changed()
        return await self.poster.inbound(form)

    def wrote(self, contact: str, sid: str | None = None) -> None:
        """A contact wrote just now: WhatsApp's window is open.  ``sid`` makes a message of it that nobody is told of."""
        self.book.wrote_at[contact] = self.now()
        if sid is not None:
            entry = Entry(
                sid=sid, to=self.number, sender=contact, body="", at=self.now(), is_inbound=True, status="received"
            )
            self.book.entries.append(entry)

    def approve(self, body: str, sid: str | None = None, **more: str) -> str:
        """An approved text template; its sid."""
        made = sid or self.book.new_sid("HX")
        wire = {"language": "en", "variables": more, "types": {"twilio/text": {"body": body}}}
        self.book.contents[made] = Content(sid=made, body=wire, is_approved=True)
        return made

    def delete_contents(self) -> int:
        """Somebody tidies up in the Content Template Builder: all that nobody approved are gone; how many."""
        gone = [sid for sid, content in self.book.contents.items() if not content.is_approved]
        for sid in gone:
            del self.book.contents[sid]
        return len(gone)

    def typing_since(self, at: datetime) -> None:
        """The typing indicator was asked for."""
        self._typing_at = at
        self.watch.changed()

    def accepted(self, entry: Entry) -> None:
        """A message was created: it moves on by itself."""
        self._typing_at = None
        self.watch.changed()
        task = asyncio.get_running_loop().create_task(self._progress(entry))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def report(self, entry: Entry, status: str, *, error_code: int | None = None) -> None:
        """A status, told by callback; the message itself only moves forward."""
        if RANKS[status] > RANKS[entry.status]:
            entry.status, entry.error_code = status, error_code
        self.watch.changed()
        if entry.callback is None:
            return
        form = {
            "AccountSid": self.account_sid,
            "MessageSid": entry.sid,
            "SmsSid": entry.sid,
            "MessageStatus": status,
            "SmsStatus": status,
            "From": entry.sender,
            "To": entry.to,
            "ApiVersion": "2010-04-01",
            **({"ErrorCode": str(error_code), "ErrorMessage": "failed"} if error_code else {}),
            **({"EventType": "READ"} if status == "read" else {}),
            **({"ChannelPrefix": "whatsapp"} if self.kind == "whatsapp" else {}),
        }
        try:
            await self.poster.status(entry.callback, form)
        except (aiohttp.ClientError, TimeoutError):
            return

    async def settled(self) -> None:
        """Wait until every message has moved as far as it does by itself."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Give up connections; safe twice."""
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._fetcher is not None:
            await self._fetcher.close()
        await self.poster.close()

    async def _progress(self, entry: Entry) -> None:
        if entry.error_code is None and not await self._fetch_all(entry):
            entry.error_code = 63019 if self.kind == "whatsapp" else 12300
        if entry.error_code is not None:
            await self.report(entry, "failed", error_code=entry.error_code)
            return
        statuses = self.statuses
        if self.swaps_next > 0:
            self.swaps_next -= 1
            statuses = tuple(reversed(statuses))
        for status in statuses:
            await self.report(entry, status)

    async def _fetch_all(self, entry: Entry) -> bool:
        """Twilio fetches each file from where we said it is; the stand-in does so on this machine only."""
        for url in entry.media:
            if URL(url).host not in LOOPBACK:
                continue
            if self._fetcher is None or self._fetcher.closed:
                self._fetcher = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15))
            try:
                async with self._fetcher.get(url) as response:
                    body = await response.content.read(MAX_FETCHED + 1)
            except (aiohttp.ClientError, TimeoutError):
                return False
            if response.status != 200 or not 0 < len(body) <= MAX_FETCHED:
                return False
            name = response.content_disposition.filename if response.content_disposition else None
            entry.files += (name or url.partition("?")[0].rpartition("/")[2],)
        return True

    def _who(self) -> dict[str, str]:
        if self.kind != "whatsapp":
            return {"FromCountry": "US", "ToCountry": "US"}
        return {"ProfileName": self.contact_name, "WaId": self.contact.partition("+")[2]}

    def _message_type(self, kind: str) -> dict[str, str]:
        return {"MessageType": kind} if self.kind == "whatsapp" else {}

    def _heard(self, contact: str, text: str) -> dict[str, str]:
        """Twilio acts on the words that stop and start messages, and answers them itself (SMS)."""
        word = text.strip().upper()
        what = "STOP" if word in STOP else "START" if word in START else "HELP" if word in HELP else ""
        if self.kind == "whatsapp" or not what:
            return {}
        if what == "STOP":
            self.book.opted_out.add(contact)
            self._system(contact, OPTED_OUT_LINE)
        elif what == "START" and contact in self.book.opted_out:
            self.book.opted_out.discard(contact)
            self._system(contact, OPTED_IN_LINE)
        return {"OptOutType": what} if self.has_advanced_opt_out else {}

    def _system(self, contact: str, text: str) -> None:
        sid = self.book.new_sid("SM")
        line = Entry(
            sid=sid, to=contact, sender="", body=text, at=self.now(), is_inbound=False, status="delivered", raw={}
        )
        self.book.entries.append(line)

    def _shown(self, entry: Entry) -> LabMessage:
        is_ours = not entry.is_inbound
        return LabMessage(
            room=entry.to if is_ours else entry.sender,
            ref=entry.sid,
            author="contact" if not is_ours else "bot" if entry.sender else "system",
            text=entry.body,
            blocks=nodes(entry.body) if self.kind == "whatsapp" else plain_nodes(entry.body),
            choices=tuple(title for title, _ in entry.choices),
            files=entry.files or tuple(url.rpartition("/")[2] for url in entry.media if is_ours),
            status=f"failed ({entry.error_code})" if entry.status == "failed" else entry.status,
            at=entry.at,
            raw=entry.raw,
        )
