"""Promises need something behind them, in seven languages."""

from __future__ import annotations

import pytest

from core.guard.promises import BACKINGS, HONEST, promised, unbacked

PROMISES = [
    ("en", "We will call you tomorrow."),
    ("en", "I've refunded your order."),
    ("en", "I'll escalate this to our team."),
    ("en", "We'll send you a replacement."),
    ("en", "Our support team will get back to you within 24 hours."),
    ("en", "Someone will contact you shortly."),
    ("en", "I will remember that."),
    ("en", "I have cancelled your subscription."),
    ("en", "Your refund has been processed."),
    ("en", "I'm going to update your address."),
    ("en", "A colleague will be in touch."),
    ("en", "I'll let you know as soon as it ships."),
    ("en", "We will notify you."),
    ("de", "Wir rufen Sie morgen zurück."),
    ("de", "Ich werde Ihnen das Geld erstatten."),
    ("de", "Wir melden uns bei Ihnen."),
    ("de", "Ich habe das an unser Team weitergeleitet."),
    ("de", "Ich leite das weiter."),
    ("de", "Wir schicken Ihnen Ersatz."),
    ("de", "Ich merke mir das."),
    ("de", "Ein Mitarbeiter wird Sie kontaktieren."),
    ("de", "Gern erstatte ich den Betrag."),
    ("fr", "Nous vous rappellerons demain."),
    ("fr", "Je vais vous rembourser."),
    ("fr", "J'ai transmis votre demande."),
    ("fr", "Nous vous enverrons un colis."),
    ("es", "Le llamaremos mañana."),
    ("es", "Voy a reembolsarle el importe."),
    ("es", "Hemos enviado un reemplazo."),
    ("es", "Le reembolsaremos el importe."),
    ("pt", "Entraremos em contato amanhã."),
    ("pt", "Vou reembolsar o valor."),
    ("pt", "Vamos enviar um novo produto."),
    ("it", "La richiameremo domani."),
    ("it", "Ho inoltrato la richiesta."),
    ("it", "Le rimborseremo l'importo."),
    ("nl", "We bellen u morgen terug."),
    ("nl", "Ik zal het bedrag terugbetalen."),
    ("nl", "Wij sturen u een nieuw exemplaar."),
    ("nl", "Ik heb het doorgestuurd."),
]

NONE = [
    ("en", "You can call us."),
    ("en", "Would you like us to call you?"),
    ("en", "If you like, I can bring in a person."),
    ("en", "I can't refund orders myself."),
    ("en", "Refunds take five days."),
    ("en", "We will never ask for your password."),
    ("en", "You will receive an email."),
    ("en", "We are open daily."),
    ("en", "I can help you with that."),
    ("en", "We have several plans."),
    ("en", "We offer refunds within 30 days."),
    ("de", "Sie können uns anrufen."),
    ("de", "Wenn das nicht hilft, hole ich gern eine Person dazu."),
    ("de", "Erstattungen dauern fünf Tage."),
    ("de", "Ich kann das nicht erstatten."),
    ("fr", "Vous pouvez nous appeler."),
    ("fr", "Les remboursements prennent cinq jours."),
    ("es", "Puede enviar el artículo."),
    ("es", "Los reembolsos tardan cinco días."),
    ("es", "Su pedido ha sido enviado."),
    ("pt", "Pode enviar o artigo."),
    ("pt", "Quer cancelar a encomenda?"),
    ("it", "Può inviare l'articolo."),
    ("nl", "U kunt ons bellen."),
    ("nl", "Terugbetalen duurt vijf dagen."),
]


def broken(text: str, language: str, *, backed: tuple[str, ...] = (), cited: tuple[str, ...] = ()) -> list[str]:
    return [kind for kind, _ in unbacked(text, language, backed=frozenset(backed), cited=cited)]


@pytest.mark.parametrize(("language", "text"), PROMISES)
def test_a_promise_nothing_stands_behind(language: str, text: str) -> None:
    kinds = broken(text, language)
    assert kinds
    assert broken(text, language, backed=tuple(b for kind in kinds for b in BACKINGS[kind])) == []


@pytest.mark.parametrize(("language", "text"), NONE)
def test_no_promise(language: str, text: str) -> None:
    assert broken(text, language) == []


def test_the_backing_must_be_of_the_kind() -> None:
    assert broken("I've refunded your order.", "en", backed=("handoff", "callback")) == ["refund"]
    assert broken("I've refunded your order.", "en", backed=("refund",)) == []
    assert broken("We will call you.", "en", backed=("refund",)) == ["contact"]


def test_what_the_company_does_anyway_is_no_promise_of_ours() -> None:
    evidence = "Once it ships we will email you a link."
    assert broken("We will email you a link.", "en", cited=(evidence,)) == []
    assert broken("I will email you a link.", "en", cited=(evidence,)) == ["contact"]
    assert broken("We will refund you.", "en", cited=(evidence,)) == ["refund"]


@pytest.mark.parametrize("language", HONEST)
def test_the_honest_sentence_is_no_promise(language: str) -> None:
    assert list(promised(HONEST[language], language)) == []
