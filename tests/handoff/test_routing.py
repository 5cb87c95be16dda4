"""The routing table, asked without any store."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from core.domain import Contact, HandoffReason
from core.handoff.routes import HandoffSettings, Team
from core.ports.helpdesk import Urgency
from core.settings import Sentiment
from handoff.routing import RouteFacts, route, tiers_of

ANNA = Contact(id="x", email="anna@Big.example", customer_account="A-1", verified=True)


def facts(**fields: Any) -> RouteFacts:
    values: dict[str, Any] = {
        "reason": HandoffReason.ASKED, "contact": ANNA, "account": "acme-web", "channel": "web", "is_open": True,
        "said": "Where is my invoice for the garden shears?", "categories": ("wholesale",),
        "entities": ("order_number",), "sentiment": Sentiment.NEGATIVE, "language": "de", "unresolved_turns": 2,
    }  # fmt: skip
    return RouteFacts(**{**values, **fields})


def settings(*rules: dict[str, Any], **more: Any) -> HandoffSettings:
    block = {
        "teams": {"support": {}, "billing": {"name": "Billing"}, "munich": {"skills": ["german", "wholesale"]}},
        "tiers": {"gold": {"customer_accounts": ["A-1"]}, "big": {"email_domains": ["big.example"]}},
        "routing": {"rules": rules, **more},
    }
    return msgspec.convert(block, HandoffSettings)


def asked(given: HandoffSettings, known: RouteFacts | None = None, *, closed: tuple[str, ...] = ()) -> Any:
    def is_open(team: Team) -> bool:
        return not any(team is given.teams[name] for name in closed)

    return route(known or facts(), given, is_open=is_open)


@pytest.mark.parametrize(
    ("when", "other"),
    [
        ({"reason": ["asked"]}, {"reason": HandoffReason.OUTAGE}),
        ({"category": ["wholesale", "x"]}, {"categories": ()}),
        ({"keyword": ["invoic*"]}, {"said": "Hello"}),
        ({"keyword": ["GARDEN shears"]}, {"said": "garden and shears"}),
        ({"entity": ["order_number"]}, {"entities": ("email",)}),
        ({"sentiment": ["negative"]}, {"sentiment": None}),
        ({"language": ["de", "fr"]}, {"language": "en"}),
        ({"channel": ["web"]}, {"channel": "slack"}),
        ({"account": ["acme-web"]}, {"account": "acme-de"}),
        ({"tier": ["gold"]}, {"contact": Contact(id="x", customer_account="A-1")}),
        ({"tier": ["big"]}, {"contact": Contact(id="x", email="a@other.example", verified=True)}),
        ({"customer_account": ["A-1"]}, {"contact": Contact(id="x", customer_account="A-1", verified=False)}),
        ({"verified": True}, {"contact": Contact(id="x")}),
        ({"verified": False}, None),
        ({"unresolved_turns_at_least": 2}, {"unresolved_turns": 1}),
        ({"hours": "open"}, {"is_open": False}),
    ],
)
def test_each_condition_decides_alone(when: dict[str, Any], other: dict[str, Any] | None) -> None:
    given = settings({"name": "it", "when": when, "then": {"team": "billing"}})
    holds = asked(given, facts(contact=Contact(id="x")) if other is None else None)
    fails = asked(given, facts(**(other or {})))
    assert (holds.team, fails.team) == ("billing", None)
    assert holds.reasons[0].startswith("rule “it”: ")
    assert fails.reasons == ("no rule matched",)


def test_all_conditions_of_a_rule_must_hold() -> None:
    given = settings({"name": "both", "when": {"language": ["de"], "channel": ["slack"]}, "then": {"team": "billing"}})
    assert asked(given).team is None


def test_the_first_word_stands_and_the_rest_adds_up() -> None:
    found = asked(
        settings(
            {"name": "a", "then": {"team": "billing", "tags": ["one"], "fields": {"f": "a", "g": "a"}}},
            {"name": "b", "then": {"team": "support", "urgency": "low", "tags": ["two", "one"], "fields": {"f": "b"}}},
            {"name": "c", "when": {"language": ["xx"]}, "then": {"assignee": "nobody"}},
            {"name": "d", "then": {"urgency": "urgent", "assignee": "sam"}},
        )
    )
    assert (found.team, found.urgency, found.assignee) == ("billing", Urgency.LOW, "sam")
    assert found.tags == ("one", "two")
    assert found.fields == {"f": "a", "g": "a"}
    assert found.reasons == ("rule “a”: always", "rule “b”: always", "rule “d”: always")


def test_nothing_below_a_rule_that_stops_is_heard() -> None:
    found = asked(settings({"name": "a", "stop": True}, {"name": "b", "then": {"team": "billing"}}))
    assert (found.team, found.reasons) == (None, ("rule “a”: always",))


@pytest.mark.parametrize(
    ("skills", "team"), [(["german"], "munich"), (["german", "wholesale"], "munich"), (["german", "juggling"], None)]
)
def test_skills_find_the_team(skills: list[str], team: str | None) -> None:
    found = asked(settings({"name": "a", "then": {"skills": skills}}))
    assert (found.team, found.skills) == (team, tuple(skills))


def test_an_open_team_with_the_skill_comes_first_and_a_named_one_before_it() -> None:
    block = {"teams": {name: {"skills": ["german"]} for name in ("munich", "vienna")}}
    wish = {"name": "a", "then": {"skills": ["german"]}}
    given = msgspec.convert({**block, "routing": {"rules": [wish]}}, HandoffSettings)
    assert asked(given).team == "munich"
    assert asked(given, closed=("munich",)).team == "vienna"
    assert asked(given, closed=("munich", "vienna")).team == "munich"
    named = settings(wish, {"name": "b", "then": {"team": "billing"}})
    assert asked(named).team == "billing"


def test_where_no_rule_names_a_team_the_default_stands() -> None:
    assert asked(settings(default_team="support")).team == "support"
    assert asked(settings({"name": "a", "then": {"team": "billing"}}, default_team="support")).team == "billing"


@pytest.mark.parametrize(
    ("reason", "urgency"),
    [
        (HandoffReason.ASKED, Urgency.NORMAL),
        (HandoffReason.HIGH_STAKES, Urgency.URGENT),
        (HandoffReason.SENTIMENT, Urgency.HIGH),
        (HandoffReason.DEAD_LETTER, Urgency.HIGH),
    ],
)
def test_the_reason_says_how_soon_unless_a_rule_does(reason: HandoffReason, urgency: Urgency) -> None:
    assert asked(settings(), facts(reason=reason)).urgency is urgency
    assert asked(settings({"name": "a", "then": {"urgency": "low"}}), facts(reason=reason)).urgency is Urgency.LOW


def test_only_proven_customers_have_a_tier() -> None:
    tiers = settings().tiers
    assert tiers_of(ANNA, tiers) == ("gold", "big")
    assert tiers_of(Contact(id="x", email="anna@big.example", customer_account="A-1"), tiers) == ()
    assert tiers_of(Contact(id="x", verified=True), tiers) == ()
