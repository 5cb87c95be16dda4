from __future__ import annotations

import pytest

from core.steps.asks import agrees, asks_for_person
from core.texts import TEXTS

ASKED = """
human
agent please
can i talk to a human?
I want to speak with a real person
Could you put me through to somebody, please?
get me a human now!
talk to a person
Talk to a person
speak to a representative
i need a live agent
connect me with customer service
please transfer me to an agent
humman please
can i speak to a persom
I'd like to talk to someone from your team
is there a real person I can talk to?
let me talk to your manager
I don't want to talk to a bot
give me a real human being
escalate this to a supervisor
can a human help me with this?
Hi, would it be possible to speak to someone about my refund?
I have asked three times, just let me speak to a human
get me someone real
representative
operator!!!
I need to talk to an acutal person
why can't I talk to a human
can someone call me... have someone call me
I would rather talk to a person than a machine
How do I reach a human?
pls conect me to agent
want human
Ich möchte mit einem Menschen sprechen
Kann ich bitte mit jemandem reden?
Verbinden Sie mich mit einem Mitarbeiter
mitarbeiter bitte
Ich will einen echten Menschen
Mit einer Person sprechen
können sie mich an einen kollegen weiterleiten
Je voudrais parler à un conseiller
parler à un humain
Passez-moi un conseiller s'il vous plaît
Puis-je parler à quelqu'un ?
Parler à une personne
je veux une vraie personne
Quiero hablar con una persona
hablar con un agente por favor
Páseme con un asesor
Hablar con una persona
necesito hablar con alguien
Quero falar com um atendente
Falar com uma pessoa
posso falar com alguém?
Vorrei parlare con un operatore
Parlare con una persona
operatore
mi passi un operatore per favore
Ik wil graag een medewerker spreken
Kan ik met iemand praten?
Met een persoon praten
medewerker graag
""".strip().split("\n")

MENTIONED = """
the person who delivered it was rude
where is the human resources page?
I want to talk to the person who delivered my parcel
how do I add a person to my plan?
what does the agent fee cover
I don't need to talk to a person, just the opening hours
no need to speak to a human
I was talking to an agent yesterday and the line dropped
am I talking to a human?
can someone explain how returns work
how do I change the contact person on my account
I need a person to sign for the delivery?
user agent string is wrong in logs
how many people can use one licence
Can I transfer my ticket to another person?
is it safe for humans and pets?
what is the human error rate
My real estate agent said the address is wrong
how do I become a sales representative
what are your customer service hours
how can I get support for Windows 11
my operator says the sim is locked
send it to a different person
The person at the door took it
do you ship to people in Norway
Can I give the voucher to a person I know
How do I create an agent in the dashboard?
I got a human-readable label
the manager app crashes
I have talked to my manager about the budget
Wie viele Personen können das Konto nutzen?
Der Mitarbeiter der das Paket brachte war unfreundlich
Ich will nicht mit einem Menschen sprechen
la personne qui a livré le colis
combien de personnes par compte ?
la persona que entregó el paquete
quantas pessoas podem usar
la persona che ha consegnato il pacco
hoeveel personen per account
de persoon die het bracht was onbeleefd
J'ai un problème d'argent
datos personales de mi cuenta
what's the price per person?
Personal account or business account?
Do I need a human passport photo
connect my phone to the support port
Agent installation fails with AMQ9299E
how to restart the node agent
db2 instance with agent pool
""".strip().split("\n")


def test_the_table_is_long_enough_to_mean_something() -> None:
    assert len(ASKED) >= 60
    assert len(MENTIONED) >= 40


@pytest.mark.parametrize("text", ASKED)
def test_asked(text: str) -> None:
    assert asks_for_person(text)


@pytest.mark.parametrize("text", MENTIONED)
def test_only_mentioned(text: str) -> None:
    assert not asks_for_person(text)


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_the_choice_that_offers_a_person_asks_for_one(language: str) -> None:
    assert asks_for_person(TEXTS[language]["person"])


@pytest.mark.parametrize("name", ["found", "greeting", "thanks", "clarify", "more", "outage"])
@pytest.mark.parametrize("language", sorted(TEXTS))
def test_our_other_words_do_not(language: str, name: str) -> None:
    assert not asks_for_person(TEXTS[language][name])


@pytest.mark.parametrize("text", ["yes", "Yes please!", "ok", "ja bitte", "oui", "sí", "sure, go ahead"])
def test_a_yes(text: str) -> None:
    assert agrees(text)


@pytest.mark.parametrize("text", ["no", "yes but how much is it?", "", "not yet", "okra seeds", "maybe later"])
def test_no_yes(text: str) -> None:
    assert not agrees(text)
