"""The demo company's flows, talked through in both their languages."""

from __future__ import annotations

from pathlib import Path

import config
from config.flows import Flow as FlowBlock
from config.flows import convert_flows
from core.domain import HandoffReason
from core.flows import Finish, Flow, HandOver, NotAnswered
from core.ports.tools import Verification
from tests.core.flows.script import Talk, around, called, read, words

RAW = read((Path(config.__file__).parent / "examples" / "demo" / "flows.yaml").read_text())["flows"]
RETURN, ADDRESS = convert_flows(tuple(FlowBlock.model_validate(block) for block in RAW), Flow)


def talk(flow: Flow, language: str) -> Talk:
    return Talk(flow, around(language=language, verified=Verification.VERIFIED))


def test_a_return_in_english() -> None:
    kim = talk(RETURN, "en")
    first = kim.begin("Hi, I want to return order LK-204519, it arrived damaged")
    assert called(first).arguments == {"order_id": "LK-204519"}
    assert "Which article" in words(kim.gave("done", {"status": "Delivered", "total": 80}))[0]
    assert kim.say("Do I pay for the label?").acts == (NotAnswered(),)
    start = called(kim.say("Rose gloves"))
    assert start.tool == "start_return"
    assert start.arguments == {"order_id": "LK-204519", "items": ["Rose gloves"], "reason": "damaged"}
    assert kim.gave("waiting").acts == ()
    last = kim.gave("done", {"return_id": "RT-5001"})
    assert "RT-5001" in words(last)[0]
    assert last.acts[-1] == Finish(resolved=True)


def test_a_return_in_german_that_the_shop_refuses() -> None:
    ann = talk(RETURN, "de")
    assert "Bestellnummer" in words(ann.begin("Ich möchte eine Bestellung zurückschicken"))[0]
    ann.say("LK-204530")
    ann.gave("done", {"status": "Delivered"})
    ann.say("HedgeLark 18V")
    assert called(ann.say("Er funktioniert leider nicht")).arguments["reason"] == "faulty"
    act = ann.gave("failed").acts[0]
    assert isinstance(act, HandOver)
    assert act.detail.startswith('The return of "HedgeLark 18V" from order LK-204530 (faulty) could not be started')


def test_an_order_that_was_not_delivered_cannot_come_back() -> None:
    kim = talk(RETURN, "en")
    kim.begin("return an order LK-204518")
    last = kim.gave("done", {"status": "Handed to carrier"})
    assert words(last) == ['Order LK-204518 has the status "Handed to carrier", so it cannot be returned yet.']


def test_an_address_in_german() -> None:
    ann = talk(ADDRESS, "de")
    ann.begin("Ich möchte die Lieferadresse ändern")
    ann.say("Es geht um LK-204532")
    ann.gave("done", {"status": "In preparation", "address": {"country": "DE", "street": "Gartenweg 8"}})
    ann.say("Lindenallee 5")
    assert words(ann.say("keine Ahnung")) == ["Das sieht nicht nach einer Postleitzahl aus. Postleitzahl?"]
    ann.say("10115")
    assert called(ann.say("Berlin")).arguments == {
        "order_id": "LK-204532",
        "street": "Lindenallee 5",
        "postal_code": "10115",
        "city": "Berlin",
        "country": "DE",
    }
    assert words(ann.gave("done")) == ["Erledigt: Die Bestellung LK-204532 geht an Lindenallee 5, 10115 Berlin."]


def test_a_packed_order_goes_to_people() -> None:
    ann = talk(ADDRESS, "en")
    ann.begin("change the address of order LK-204531")
    last = ann.gave("done", {"status": "Packed"})
    assert last.acts == (
        HandOver(
            reason=HandoffReason.POLICY,
            detail="Wants another address for order LK-204531, which has the status Packed.",
        ),
    )
