"""Helpdesks with one defect each, and the scenario that must notice it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from core.domain import Attachment
from core.errors import DeliveryError, MessageRejected, OutcomeUnknown, ProviderUnavailable, Throttled
from core.inbound import Ignored
from core.ports.channel import Fetched, RawRequest
from core.ports.helpdesk import (
    By,
    CaseChange,
    CaseDraft,
    CaseState,
    CaseStatus,
    Entry,
    EntryDraft,
    Heard,
    RemoteFile,
)
from tests.contracts.desks import (
    inward,
    lifecycle,
    opening,
    outages,
    outward,
)
from tests.contracts.desks.lived import Kit
from tests.contracts.desks.plain import PlainHelpdesk
from tests.contracts.desks.plain_rig import PlainBackstage
from tests.contracts.desks.scenario import Scenario


@dataclass(frozen=True, kw_only=True)
class Breakage:
    """A defect: a helpdesk's, or of something the bridge stands on."""

    found_by: Scenario
    helpdesk: type[PlainHelpdesk] = PlainHelpdesk
    kit: Callable[[], Kit] = Kit
    backstage: type[PlainBackstage] = PlainBackstage
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name or self.helpdesk.__name__}-{self.found_by.__name__}"


class TrustsEverybody(PlainHelpdesk):
    def verify(self, request: RawRequest) -> None:
        """Nothing is checked."""


class HearsNothing(PlainHelpdesk):
    def parse(self, request: RawRequest) -> tuple[Heard, ...]:
        return (Ignored("not_interested"),)


class CallsNotesPublic(PlainHelpdesk):
    def seen(self, entry: Entry) -> Entry:
        return replace(entry, is_public=True)


class CallsStrangersAgents(PlainHelpdesk):
    def seen(self, entry: Entry) -> Entry:
        return replace(entry, by=By.AGENT) if entry.by is By.OTHER else entry


class HearsItself(PlainHelpdesk):
    def seen(self, entry: Entry) -> Entry:
        ours = entry.by in (By.OURS, By.CONTACT)
        return replace(entry, by=By.AGENT, key=None, id=f"x{entry.id}") if ours else entry


class WritesNotesInPublic(PlainHelpdesk):
    async def add(self, ref: str, draft: EntryDraft, *, again: bool) -> str:
        return await super().add(ref, replace(draft, is_public=True), again=again)


class ForgetsKeys(PlainHelpdesk):
    async def find(self, key: str) -> str | None:
        await super().find(key)
        return None


class NeverLooksAgain(PlainHelpdesk):
    async def add(self, ref: str, draft: EntryDraft, *, again: bool) -> str:
        return await super().add(ref, draft, again=False)


class TriesTwice(PlainHelpdesk):
    async def add(self, ref: str, draft: EntryDraft, *, again: bool) -> str:
        try:
            return await super().add(ref, draft, again=again)
        except OutcomeUnknown:
            return await super().add(ref, draft, again=False)


class OpensTwice(PlainHelpdesk):
    async def create(self, draft: CaseDraft) -> str:
        await super().create(draft)
        return await super().create(draft)


class ForgetsEpisodes(PlainHelpdesk):
    async def find(self, key: str) -> str | None:
        return await super().find(key.rsplit(":", 1)[0] + ":1")

    async def create(self, draft: CaseDraft) -> str:
        return await super().create(replace(draft, key=draft.key.rsplit(":", 1)[0] + ":1"))


class CallsLostAnswersFailures(PlainHelpdesk):
    async def add(self, ref: str, draft: EntryDraft, *, again: bool) -> str:
        try:
            return await super().add(ref, draft, again=False)
        except OutcomeUnknown as error:
            raise ProviderUnavailable("Down.") from error


class IgnoresRetryAfter(PlainHelpdesk):
    async def find(self, key: str) -> str | None:
        try:
            return await super().find(key)
        except Throttled as error:
            raise ProviderUnavailable("Busy.") from error


class GivesUpWhenThrottled(PlainHelpdesk):
    async def add(self, ref: str, draft: EntryDraft, *, again: bool) -> str:
        try:
            return await super().add(ref, draft, again=again)
        except Throttled as error:
            raise MessageRejected("Too much.") from error


class SwallowsFailures(PlainHelpdesk):
    async def add(self, ref: str, draft: EntryDraft, *, again: bool) -> str:
        try:
            return await super().add(ref, draft, again=again)
        except DeliveryError:
            return "e000000"


class LeavesFilesBehind(PlainHelpdesk):
    async def uploads(self, draft: EntryDraft) -> tuple[tuple[str, bytes], ...]:
        return ()


class EmptiesFiles(PlainHelpdesk):
    async def read(self, file: Attachment) -> bytes:
        return (await super().read(file))[:0]


class CutsTexts(PlainHelpdesk):
    async def add(self, ref: str, draft: EntryDraft, *, again: bool) -> str:
        return await super().add(ref, replace(draft, text=draft.text[:10_000]), again=again)


class SpeaksForEverybody(PlainHelpdesk):
    async def add(self, ref: str, draft: EntryDraft, *, again: bool) -> str:
        return await super().add(ref, replace(draft, author="Somebody", by=By.CONTACT), again=again)


class IgnoresTheRoute(PlainHelpdesk):
    async def create(self, draft: CaseDraft) -> str:
        return await super().create(replace(draft, team=None))

    async def change(self, ref: str, change: CaseChange) -> None:
        await super().change(ref, replace(change, team=None))


class NeverSolves(PlainHelpdesk):
    async def change(self, ref: str, change: CaseChange) -> None:
        await super().change(ref, replace(change, status=None))


class KeepsWishes(PlainHelpdesk):
    async def change(self, ref: str, change: CaseChange) -> None:
        await super().change(ref, replace(change, took_back=False))


class ReadsStale(PlainHelpdesk):
    async def state(self, ref: str) -> CaseState:
        return replace(await super().state(ref), status=CaseStatus.OPEN)


class SeesNoAssignee(PlainHelpdesk):
    async def state(self, ref: str) -> CaseState:
        return replace(await super().state(ref), assignee=None)


class SeesNoMerge(PlainHelpdesk):
    async def state(self, ref: str) -> CaseState:
        return replace(await super().state(ref), merged_into=None)


class SortsBackwards(PlainHelpdesk):
    async def entries(self, ref: str, *, after: str | None = None) -> tuple[Entry, ...]:
        return tuple(reversed(await super().entries(ref, after=after)))


class SkipsEntries(PlainHelpdesk):
    async def entries(self, ref: str, *, after: str | None = None) -> tuple[Entry, ...]:
        return (await super().entries(ref, after=after))[-1:]


class CallsDeletedCasesOpen(PlainHelpdesk):
    async def add(self, ref: str, draft: EntryDraft, *, again: bool) -> str:
        self.server.cases[ref].is_deleted, gone = False, self.server.cases[ref].is_deleted
        try:
            return await super().add(ref, draft, again=again)
        finally:
            self.server.cases[ref].is_deleted = gone


class WritesIntoClosedCases(PlainHelpdesk):
    async def add(self, ref: str, draft: EntryDraft, *, again: bool) -> str:
        case = self.server.cases[ref]
        case.status, was = CaseStatus.OPEN, case.status
        try:
            return await super().add(ref, draft, again=again)
        finally:
            case.status = was


class CallsEverybodySue(PlainHelpdesk):
    def seen(self, entry: Entry) -> Entry:
        return entry if entry.agent is None else replace(entry, agent=replace(entry.agent, name="Agent"))


class LosesFilesOfAgents(PlainHelpdesk):
    async def fetch(self, file: RemoteFile, *, limit_bytes: int) -> Fetched:
        return replace(await super().fetch(file, limit_bytes=limit_bytes), body=b"")


class ForgetsChanges(PlainHelpdesk):
    async def changed(self, since: datetime) -> tuple[str, ...]:
        return ()

    async def entries(self, ref: str, *, after: str | None = None) -> tuple[Entry, ...]:
        return ()


BROKEN: tuple[Breakage, ...] = (
    Breakage(helpdesk=TrustsEverybody, found_by=inward.a_forged_webhook_is_refused),
    Breakage(helpdesk=HearsNothing, found_by=inward.a_reply_reaches_the_customer_once),
    Breakage(helpdesk=CallsNotesPublic, found_by=inward.a_note_never_reaches_the_customer),
    Breakage(helpdesk=CallsStrangersAgents, found_by=inward.strangers_in_the_case_are_not_relayed),
    Breakage(helpdesk=HearsItself, found_by=inward.our_own_entries_are_not_heard_again),
    Breakage(helpdesk=WritesNotesInPublic, found_by=opening.the_brief_is_private),
    Breakage(helpdesk=WritesNotesInPublic, found_by=outward.drafts_of_the_bot_are_private),
    Breakage(helpdesk=ForgetsKeys, found_by=opening.whatever_answer_is_lost_while_opening_the_case_stands_once),
    Breakage(helpdesk=OpensTwice, found_by=opening.a_handoff_opens_one_case),
    Breakage(helpdesk=NeverLooksAgain, found_by=outward.a_message_whose_answer_is_lost_is_found_again),
    Breakage(helpdesk=TriesTwice, found_by=outward.messages_arrive_once_though_answers_are_lost),
    Breakage(helpdesk=CallsLostAnswersFailures, found_by=outward.messages_arrive_once_though_answers_are_lost),
    Breakage(helpdesk=ForgetsEpisodes, found_by=lifecycle.a_customer_who_writes_after_solving_begins_the_next_episode),
    Breakage(helpdesk=IgnoresRetryAfter, found_by=opening.the_desks_pause_is_kept_exactly),
    Breakage(helpdesk=GivesUpWhenThrottled, found_by=outward.messages_arrive_in_order_while_the_desk_throttles),
    Breakage(helpdesk=SwallowsFailures, found_by=outward.messages_arrive_in_order_while_the_desk_fails),
    Breakage(helpdesk=LeavesFilesBehind, found_by=outward.files_arrive),
    Breakage(helpdesk=EmptiesFiles, found_by=outward.files_arrive),
    Breakage(helpdesk=CutsTexts, found_by=outward.a_long_text_arrives_whole),
    Breakage(helpdesk=SpeaksForEverybody, found_by=outward.who_says_what_can_be_told_apart),
    Breakage(helpdesk=IgnoresTheRoute, found_by=opening.a_case_goes_where_the_route_says),
    Breakage(helpdesk=NeverSolves, found_by=lifecycle.resolving_at_the_console_solves_the_case),
    Breakage(helpdesk=KeepsWishes, found_by=lifecycle.giving_back_can_be_done_again),
    Breakage(helpdesk=ReadsStale, found_by=lifecycle.solving_asks_the_customer_once),
    Breakage(helpdesk=SeesNoAssignee, found_by=inward.an_assigned_agent_owns_the_conversation),
    Breakage(helpdesk=SeesNoMerge, found_by=lifecycle.merged_cases_go_on_as_one),
    Breakage(helpdesk=SortsBackwards, found_by=inward.reordered_webhooks_lose_nothing),
    Breakage(helpdesk=SkipsEntries, found_by=inward.reordered_webhooks_lose_nothing),
    Breakage(helpdesk=CallsDeletedCasesOpen, found_by=outages.deleted_while_we_were_down),
    Breakage(helpdesk=WritesIntoClosedCases, found_by=lifecycle.a_closed_case_is_followed_up),
    Breakage(helpdesk=CallsEverybodySue, found_by=inward.two_agents_answer_under_their_own_names),
    Breakage(helpdesk=LosesFilesOfAgents, found_by=inward.an_agents_file_reaches_the_customer),
    Breakage(helpdesk=ForgetsChanges, found_by=outages.replied_while_we_were_down),
)
