"""Channels with one defect each, and the scenario of the contract that must notice it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any

from core.domain import Attachment, Head, InboundEvent, Message
from core.errors import (
    CredentialsInvalid,
    DeliveryError,
    MessageRejected,
    OutcomeUnknown,
    ProviderUnavailable,
    SignatureInvalid,
    Throttled,
)
from core.inbound import Parsed
from core.ports.channel import Fetched, Finding, Level, Outbound, RawRequest, Sent, Shown
from core.vendors.http import Answer
from core.wire import decode
from tests.contracts.channel_descriptor import ChannelDescriptor
from tests.contracts.paper import WIDEST, PaperChannel, PaperEvent
from tests.contracts.paper_descriptor import paper_descriptor
from tests.contracts.paper_lab import MAX_TEXT

log = logging.getLogger(__name__)
TICKET = count(1)


class TrustsEverybody(PaperChannel):
    def verify(self, request: RawRequest) -> None:
        """Nothing is checked."""


class KnowsOneSecret(PaperChannel):
    def verify(self, request: RawRequest) -> None:
        self.secrets = self.secrets[:1]
        super().verify(request)


class HasNoClock(PaperChannel):
    def check_time(self, request: RawRequest, stamp: int) -> None:
        """Any time is good."""


class MindsTheCase(PaperChannel):
    def verify(self, request: RawRequest) -> None:
        super().verify(replace(request, headers=dict(request.headers)))


class RemembersProofs(PaperChannel):
    def verify(self, request: RawRequest) -> None:
        known: set[str] = self.__dict__.setdefault("known", set())
        if request.headers.get("X-Paper-Signature") not in known:
            super().verify(request)
            known.add(request.headers["X-Paper-Signature"])


class TellsTheSecret(PaperChannel):
    def verify(self, request: RawRequest) -> None:
        try:
            super().verify(request)
        except SignatureInvalid as error:
            raise SignatureInvalid(f"Not signed with {self.secrets[0]}", cause=error.cause) from None


class HasOneCause(PaperChannel):
    def verify(self, request: RawRequest) -> None:
        try:
            super().verify(request)
        except SignatureInvalid as error:
            raise SignatureInvalid(error.safe_message) from None


class FailsOnOddHeaders(PaperChannel):
    def verify(self, request: RawRequest) -> None:
        int(request.headers.get("X-Paper-Time", "0") or "0")
        super().verify(request)


class ShowsItsToken(PaperChannel):
    def __repr__(self) -> str:
        return f"PaperChannel({self.token})"


class CountsEvents(PaperChannel):
    def dedupe_key(self, event: PaperEvent, request: RawRequest) -> str:
        return str(next(TICKET))


class StampsEvents(PaperChannel):
    def dedupe_key(self, event: PaperEvent, request: RawRequest) -> str:
        return f"{event.id}@{request.received_at.isoformat()}"


class MovesEverybody(PaperChannel):
    async def placed(self, item: Parsed) -> Parsed:
        return replace(item, conv="c_elsewhere") if isinstance(item, InboundEvent) else item


class MixesUpEvents(PaperChannel):
    def dedupe_key(self, event: PaperEvent, request: RawRequest) -> str:
        return event.room


class HearsItself(PaperChannel):
    def parse(self, request: RawRequest) -> tuple[Parsed, ...]:
        return super().parse(replace(request, body=request.body.replace(b'"bot"', b'"ben"')))


class KnowsEveryType(PaperChannel):
    def parse(self, request: RawRequest) -> tuple[Parsed, ...]:
        if decode(request.body, PaperEvent).type == "waved":
            raise ValueError("What is that?")
        return super().parse(request)


class ReadsCarelessly(PaperChannel):
    def parse(self, request: RawRequest) -> tuple[Parsed, ...]:
        return super().parse(request) if json.loads(request.body)["id"] else ()


class PassesOnNothing(PaperChannel):
    def is_empty(self, event: PaperEvent, files: Mapping[str, Attachment]) -> bool:
        return False


class HasNoZone(PaperChannel):
    def time_of(self, event: PaperEvent, request: RawRequest) -> datetime:
        return super().time_of(event, request).replace(tzinfo=None)


class NamesFilesBadly(PaperChannel):
    def file(self, file: Any) -> Attachment:
        return replace(super().file(file), id=file.id)


class HidesTyping(PaperChannel):
    capabilities = replace(WIDEST, typing=False)


class PromisesVoice(PaperChannel):
    capabilities = replace(WIDEST, voice_in=True)


class CallsRooms(PaperChannel):
    def safe(self, text: str) -> str:
        return text


class HidesSources(PaperChannel):
    def footer(self, message: Message) -> str:
        return ""


class HidesAgents(PaperChannel):
    def lead(self, message: Message) -> str:
        return ""


class CutsTexts(PaperChannel):
    async def send(self, outbound: Outbound) -> Sent:
        return await super().send(
            replace(outbound, message=replace(outbound.message, text=outbound.message.text[:390]))
        )


class StartsAgain(PaperChannel):
    async def send(self, outbound: Outbound) -> Sent:
        return await super().send(replace(outbound, sent_refs=()))


class ForgetsParts(PaperChannel):
    async def send(self, outbound: Outbound) -> Sent:
        try:
            return await super().send(outbound)
        except DeliveryError as error:
            error.sent_refs = ()
            raise


class KeepsTrying(PaperChannel):
    def error_of(self, answer: Answer) -> DeliveryError:
        return ProviderUnavailable("Something is wrong.")


class GivesUp(PaperChannel):
    def error_of(self, answer: Answer) -> DeliveryError:
        error = super().error_of(answer)
        return MessageRejected(error.safe_message) if isinstance(error, ProviderUnavailable) else error


class BlamesTheMessage(PaperChannel):
    def error_of(self, answer: Answer) -> DeliveryError:
        error = super().error_of(answer)
        return MessageRejected(error.safe_message) if isinstance(error, CredentialsInvalid) else error


class DoesNotWait(PaperChannel):
    def error_of(self, answer: Answer) -> DeliveryError:
        error = super().error_of(answer)
        return Throttled(error.safe_message) if isinstance(error, Throttled) else error


class ThinksItFailed(PaperChannel):
    async def send(self, outbound: Outbound) -> Sent:
        try:
            return await super().send(outbound)
        except OutcomeUnknown as error:
            raise ProviderUnavailable("No answer.", sent_refs=error.sent_refs) from error


class SendsBlindly(PaperChannel):
    async def found(self, key: str) -> str | None:
        return None


class TellsTheToken(PaperChannel):
    def error_of(self, answer: Answer) -> DeliveryError:
        error = super().error_of(answer)
        error.safe_message += f" ({self.token})"
        return error


class LogsItsToken(PaperChannel):
    def error_of(self, answer: Answer) -> DeliveryError:
        log.warning("refused with %s", self.token)
        return super().error_of(answer)


class LogsTexts(PaperChannel):
    async def send(self, outbound: Outbound) -> Sent:
        log.info("sending %s", outbound.message.text)
        return await super().send(outbound)


class SaysItTwice(PaperChannel):
    async def send(self, outbound: Outbound) -> Sent:
        return await super().send(replace(outbound, preview=None))


class KeepsStreaming(PaperChannel):
    async def end_preview(self, head: Head, turn_id: str, shown: Shown) -> None:
        """It is left as it is."""


class FetchesAnything(PaperChannel):
    def locate(self, attachment: Attachment) -> str:
        return f"{self.url}/me"


class HasNoLimit(PaperChannel):
    async def fetch(self, attachment: Attachment, *, limit_bytes: int) -> Fetched:
        return await super().fetch(attachment, limit_bytes=10**9)


class ForgetsTheFooter(PaperChannel):
    def room(self, lead: str, footer: str) -> int:
        return MAX_TEXT


class LosesChoices(PaperChannel):
    async def send(self, outbound: Outbound) -> Sent:
        return await super().send(replace(outbound, message=replace(outbound.message, choices=())))


class LosesFiles(PaperChannel):
    async def send(self, outbound: Outbound) -> Sent:
        return await super().send(replace(outbound, message=replace(outbound.message, attachments=())))


class PanicsWhenItIsDown(PaperChannel):
    async def examine(self) -> tuple[Finding, ...]:
        await self.http.call("GET", f"{self.url}/me")
        return (Finding(check="api", level=Level.OK, what="The vendor answers."),)


class FindsNothingWrong(PaperChannel):
    async def examine(self) -> tuple[Finding, ...]:
        return (Finding(check="api", level=Level.OK, what="All is well."),)


class TypesAloud(PaperChannel):
    async def typing(self, head: Head) -> None:
        await self.preview(head, "typing", "…", ref=None)


@dataclass(frozen=True, slots=True)
class Breakage:
    """A broken channel and the scenario that must fail for it."""

    build: type[PaperChannel]
    found_by: str

    @property
    def descriptor(self) -> Callable[[], ChannelDescriptor]:
        """Its descriptor."""
        return lambda: paper_descriptor(self.build)


BREAKAGES = (
    Breakage(TrustsEverybody, "test_another_secret_is_refused"),
    Breakage(TrustsEverybody, "test_a_proof_with_one_byte_changed_is_refused"),
    Breakage(KnowsOneSecret, "test_every_configured_secret_is_good_while_rotating"),
    Breakage(HasNoClock, "test_an_old_or_future_request_is_refused"),
    Breakage(MindsTheCase, "test_header_names_match_in_any_case"),
    Breakage(RemembersProofs, "test_a_body_with_one_byte_changed_is_refused"),
    Breakage(TellsTheSecret, "test_a_refusal_says_nothing_secret"),
    Breakage(HasOneCause, "test_without_its_proof_it_is_refused"),
    Breakage(FailsOnOddHeaders, "test_rubbish_as_proof_is_refused"),
    Breakage(ShowsItsToken, "test_secrets_are_not_in_anything_printed"),
    Breakage(CountsEvents, "test_parsing_twice_gives_the_same"),
    Breakage(StampsEvents, "test_a_redelivery_is_the_same_event"),
    Breakage(MovesEverybody, "test_nothing_is_elsewhere_unless_it_moved"),
    Breakage(MixesUpEvents, "test_different_messages_are_different_events"),
    Breakage(HearsItself, "test_our_own_words_are_ignored"),
    Breakage(KnowsEveryType, "test_an_unknown_type_is_ignored_for_a_reason"),
    Breakage(ReadsCarelessly, "test_rubbish_means_nothing"),
    Breakage(ReadsCarelessly, "test_a_mangled_payload_invents_nothing"),
    Breakage(PassesOnNothing, "test_a_payload_with_one_field_changed_invents_nothing"),
    Breakage(HasNoZone, "test_whatever_is_parsed_is_well_formed"),
    Breakage(NamesFilesBadly, "test_whatever_is_parsed_is_well_formed"),
    Breakage(HidesTyping, "test_abilities_there_are_declared"),
    Breakage(PromisesVoice, "test_what_the_capabilities_promise_is_shown_by_a_fixture"),
    Breakage(CallsRooms, "test_mentions_call_nobody"),
    Breakage(CallsRooms, "test_a_source_cannot_smuggle_an_address_or_a_mention"),
    Breakage(HidesSources, "test_citations_lead_to_their_sources"),
    Breakage(HidesAgents, "test_an_agents_name_is_shown"),
    Breakage(CutsTexts, "test_a_long_text_arrives_whole_in_parts"),
    Breakage(StartsAgain, "test_after_a_failure_in_the_middle_only_the_rest_is_sent"),
    Breakage(ForgetsParts, "test_after_a_failure_in_the_middle_only_the_rest_is_sent"),
    Breakage(ForgetsParts, "test_a_lost_answer_in_the_middle_tells_what_surely_arrived"),
    Breakage(KeepsTrying, "test_a_refused_message_is_not_tried_again"),
    Breakage(GivesUp, "test_a_vendor_that_is_down_is_tried_again"),
    Breakage(BlamesTheMessage, "test_refused_credentials_are_named"),
    Breakage(DoesNotWait, "test_throttled_is_retried_when_the_vendor_says"),
    Breakage(ThinksItFailed, "test_a_lost_answer_is_unknown_and_never_sent_twice"),
    Breakage(SendsBlindly, "test_a_lost_answer_is_unknown_and_never_sent_twice"),
    Breakage(TellsTheToken, "test_a_refused_message_is_not_tried_again"),
    Breakage(LogsItsToken, "test_secrets_are_never_logged"),
    Breakage(LogsTexts, "test_secrets_are_never_logged"),
    Breakage(SaysItTwice, "test_a_reply_that_grew_is_one_message"),
    Breakage(KeepsStreaming, "test_a_reply_that_will_not_come_is_left_finished"),
    Breakage(FetchesAnything, "test_a_file_elsewhere_is_not_fetched"),
    Breakage(HasNoLimit, "test_a_file_can_be_fetched"),
    Breakage(ForgetsTheFooter, "test_everything_at_its_limit_still_arrives"),
    Breakage(LosesChoices, "test_choices_arrive"),
    Breakage(LosesChoices, "test_a_pressed_choice_arrives_as_its_label"),
    Breakage(LosesFiles, "test_a_file_arrives_or_is_refused_aloud"),
    Breakage(CountsEvents, "test_a_webhook_delivered_twice_is_one_event"),
    Breakage(MixesUpEvents, "test_two_messages_are_two_events_in_order"),
    Breakage(PanicsWhenItIsDown, "test_the_doctor_survives_a_vendor_that_is_down"),
    Breakage(FindsNothingWrong, "test_the_doctor_survives_a_vendor_that_is_down"),
    Breakage(TypesAloud, "test_typing_says_nothing"),
)
