"""The beginning of a turn: what is asked, what is understood, under which settings, and with what authority."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

import msgspec

from core.asking import asker
from core.conversing.abilities import Abilities
from core.conversing.acting import Acting
from core.conversing.calls import TurnModels
from core.conversing.prompts import Scenery
from core.conversing.remembering import kept_of
from core.conversing.scene import Scene
from core.conversing.tape import Taped
from core.domain import Role
from core.errors import TurnError
from core.experiments import applied, exposure
from core.guard.plain import folded
from core.intents.asking import intent_request, is_unsure, second_opinion
from core.ports.engine import Journal, ReplySink, TurnInput
from core.ports.model import ModelRole, Spender
from core.ports.tools import SideEffect
from core.segments import Who
from core.settings import EngineSettings
from core.steps import language as languages
from core.steps.gate import Gate, gate
from core.steps.recall import offers_person
from core.steps.understand import Understanding, Wits, understand
from core.tools.session import Session
from core.trace import Recorder
from core.untrusted.canary import canary
from core.untrusted.fence import nonce_for

INTENT_LIMIT_S: Final = 2.0
"""What a message wants is worth a short wait; the trained guess stands otherwise."""


async def open_scene(
    turn: TurnInput,
    journal: Journal,
    sink: ReplySink,
    *,
    settings: EngineSettings,
    abilities: Abilities,
    record: Recorder,
    clock: Callable[[], datetime],
) -> Scene:
    """Steps 1 and 2, and the working set of the rest."""
    turn = replace(turn, head=replace(turn.head, contact=asker(turn)))
    taped = Taped(journal)
    gated = record.step("gate", lambda: gate(turn))
    now = clock()
    understood = await _understand(turn, gated, settings, record, wits=abilities.wits, at=now)
    variants = exposure(abilities.experiments, who(turn, abilities, understood.language), on=now.date())
    if variants:
        settings = applied(settings, abilities.experiments, variants)
    head = turn.head
    session = Session(
        tenant=head.tenant,
        conv=head.conv,
        turn_id=turn.turn_id,
        account=head.account,
        contact=head.contact,
        scopes=abilities.scopes,
        untrusted=True,
        has_buttons=abilities.account(head.account).has_buttons,
        language=understood.language,
    )
    acting = Acting(
        firewall=abilities.firewall,
        session=session,
        journal=taped,
        sink=sink,
        make_scenery=partial(scenery_of, turn, abilities),
        timer=record.timer,
        began=record.started,
        limit=settings.converse.steps,
        said=folded("\n".join((gated.text, *(m.text for m in turn.history if m.role is Role.CONTACT)))),
        links=settings.guard.links,
    )
    acting.changing = _changing(abilities, session)
    models = None
    if abilities.models is not None:
        spender = Spender(tenant=head.tenant, contact=session.identity, turn_id=turn.turn_id)
        models = TurnModels(
            models=abilities.models, journal=taped, spender=spender, timer=record.timer, began=record.started
        )
        understood = await _asked_again(
            understood, gated.text, models, record, wits=abilities.wits, nonce=scenery_of(turn, abilities).nonce
        )
    return Scene(
        turn=turn,
        journal=taped,
        sink=sink,
        record=record,
        settings=settings,
        abilities=abilities,
        gated=gated,
        understood=understood,
        kept=kept_of(turn.state, episode=head.episode),
        now=now,
        acting=acting,
        models=models,
        variants=variants,
    )


def scenery_of(turn: TurnInput, abilities: Abilities) -> Scenery:
    """What nobody can guess about this turn's prompts."""
    return Scenery(
        company=abilities.company or "the company",
        nonce=nonce_for(abilities.secret, turn.turn_id),
        canary=canary(abilities.secret, turn.turn_id),
    )


def who(turn: TurnInput, abilities: Abilities, language: str) -> Who:
    """Of whom rollouts and experiments ask."""
    head = turn.head
    return Who(
        conv=head.conv,
        contact=asker(turn),
        account=head.account,
        channel=abilities.account(head.account).channel,
        language=language,
    )


def _changing(abilities: Abilities, session: Session) -> frozenset[str]:
    if abilities.firewall is None:
        return frozenset()
    return frozenset(
        spec.name for spec in abilities.firewall.offers(session) if spec.side_effect is not SideEffect.READ
    )


async def _understand(
    turn: TurnInput, gated: Gate, settings: EngineSettings, record: Recorder, *, wits: Wits, at: datetime
) -> Understanding:
    before = record.timer()
    if languages.needs_model(gated.text, settings.languages):
        await asyncio.to_thread(languages.load, settings.languages)
    look = partial(
        understand,
        gated.text,
        settings,
        known_language=turn.head.language,
        offered_person=offers_person(turn.history),
        earlier=tuple(message.text for message in turn.history if message.role is Role.CONTACT),
        wits=wits,
        at=at,
    )
    understood = await asyncio.to_thread(look) if wits.is_slow else look()
    record.put("understand", msgspec.to_builtins(understood), since=before)
    return understood


async def _asked_again(
    understood: Understanding, text: str, models: TurnModels, record: Recorder, *, wits: Wits, nonce: str
) -> Understanding:
    """A language model's second opinion of what the message wants, where it may be asked and the guess is weak."""
    guess, described = understood.guess, wits.described
    if not described or guess is None or not is_unsure(guess) or not models.has(ModelRole.FAST):
        return understood
    before = record.timer()
    try:
        async with asyncio.timeout(INTENT_LIMIT_S):
            answer = await models.complete(ModelRole.FAST, intent_request(text, guess, described, nonce=nonce))
    except (TurnError, TimeoutError):
        return understood
    guess = second_opinion(guess, described, answer.text)
    understood = replace(understood, intent=guess.name, guess=guess)
    record.put("understand", {**msgspec.to_builtins(understood), "intent_by": "model"}, since=before)
    return understood
