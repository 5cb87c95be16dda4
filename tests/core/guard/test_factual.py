"""Which sentences need a citation, in seven languages."""

from __future__ import annotations

import pytest

from core.guard.factual import is_factual
from core.guard.plain import plain, tongue
from core.texts import TEXTS

SAID = {
    "en": "My order has not arrived and I want to return the shoes",
    "de": "Meine Bestellung ist nicht angekommen, ich möchte die Schuhe zurückgeben",
}

NOT_FACTUAL = [
    ("en", "Hello! How can I help you?"),
    ("en", "Sure, I can help you with that."),
    ("en", "I'm sorry to hear that your order has not arrived."),
    ("en", "Would you like me to start the return?"),
    ("en", "Please send me your order number."),
    ("en", "Here are the steps:"),
    ("en", "These are your orders:"),
    ("de", "Das sind Ihre Bestellungen:"),
    ("fr", "Voici vos commandes :"),
    ("en", "To return an item, follow these steps:"),
    ("en", "I understand you want to return the shoes."),
    ("en", "I couldn't find a reliable answer to that in our help articles."),
    ("en", "Let me know if you have any other questions."),
    ("en", "Thanks for your patience!"),
    ("en", "Is there anything else I can help with?"),
    ("en", "If this doesn't help, I can bring in a person."),
    ("en", "You're welcome!"),
    ("en", "If you'd like, I can check the status for you."),
    ("en", "Have a great day!"),
    ("en", "Could you tell me a little more about what you need?"),
    ("en", "I'm not sure about that."),
    ("en", "Great question!"),
    ("en", "**Next steps**"),
    ("en", "There are two ways to do this:"),
    ("en", "Good morning, thank you for contacting us."),
    ("en", "I don't have that information."),
    ("en", "Unfortunately, I can't help with that."),
    ("en", "I'm an assistant, but a person can help you."),
    ("en", "You said that your order has not arrived."),
    ("en", "I'd be happy to help!"),
    ("de", "Hallo! Wie kann ich helfen?"),
    ("de", "Gern geschehen! Kann ich sonst noch helfen?"),
    ("de", "Es tut mir leid, dass Ihre Bestellung nicht angekommen ist."),
    ("de", "Möchten Sie mit einer Person sprechen?"),
    ("de", "Bitte senden Sie mir Ihre Bestellnummer."),
    ("de", "So geht es:"),
    ("de", "Sie möchten die Schuhe zurückgeben."),
    ("de", "Dazu habe ich in unseren Hilfeartikeln keine verlässliche Antwort gefunden."),
    ("de", "Wenn das nicht hilft, hole ich gern eine Person dazu."),
    ("de", "Ich kann das gern für Sie prüfen."),
    ("de", "Vielen Dank für Ihre Geduld!"),
    ("fr", "Bonjour ! Comment puis-je vous aider ?"),
    ("fr", "Je n'ai pas trouvé de réponse fiable dans nos articles d'aide."),
    ("fr", "Voici les étapes :"),
    ("fr", "Si cela ne suffit pas, je peux faire venir une personne."),
    ("fr", "Souhaitez-vous parler à une personne ?"),
    ("fr", "Je suis désolé pour ces désagréments."),
    ("es", "¡Hola! ¿En qué puedo ayudarle?"),
    ("es", "Siento mucho las molestias."),
    ("es", "Si esto no ayuda, puedo traer a una persona."),
    ("es", "No he encontrado una respuesta fiable en nuestros artículos de ayuda."),
    ("es", "Estos son los pasos:"),
    ("es", "¿Quiere que inicie la devolución?"),
    ("pt", "Olá! Como posso ajudar?"),
    ("pt", "Lamento o transtorno."),
    ("pt", "Se isto não ajudar, posso chamar uma pessoa."),
    ("pt", "Não encontrei uma resposta confiável nos nossos artigos de ajuda."),
    ("pt", "Quer falar com uma pessoa?"),
    ("it", "Buongiorno, come posso aiutarla?"),
    ("it", "Mi dispiace per il disagio."),
    ("it", "Se questo non basta, posso chiamare una persona."),
    ("it", "Ecco i passaggi:"),
    ("it", "Vuole parlare con una persona?"),
    ("nl", "Hallo! Waarmee kan ik helpen?"),
    ("nl", "Sorry voor het ongemak."),
    ("nl", "Als dit niet helpt, kan ik er een medewerker bij halen."),
    ("nl", "Hier zijn de stappen:"),
    ("nl", "Wilt u met een medewerker spreken?"),
    ("nl", "Bedankt voor uw geduld!"),
]

FACTUAL = [
    ("en", "Returns are free."),
    ("en", "Yes."),
    ("en", "Yes, you can return it."),
    ("en", "I'm sorry, but returns are not possible after purchase."),
    ("en", "I can confirm that returns are free."),
    ("en", "Returns are free within Europe, would you like to start one?"),
    ("en", "Did you know that returns are free?"),
    ("en", "Click Save."),
    ("en", "You can return the shoes."),
    ("en", "Please send the item to our warehouse."),
    ("en", "The return is free."),
    ("en", "If you cancel, you lose your deposit."),
    ("en", "I understand, and returns are free."),
    ("en", "Your order has shipped."),
    ("en", "Here is why: returns are free because we love you."),
    ("en", "You have to pay for shipping."),
    ("en", "Hello, delivery is free!"),
    ("en", "We accept PayPal."),
    ("en", "To return, print the label."),
    ("en", "I can help, shipping is free."),
    ("de", "Rücksendungen sind kostenlos."),
    ("de", "Ja, das geht."),
    ("de", "Es tut mir leid, aber eine Rückgabe ist ausgeschlossen."),
    ("de", "Ihre Bestellung wurde versandt."),
    ("de", "Klicken Sie auf Speichern."),
    ("de", "Sie können die Schuhe zurückgeben."),
    ("de", "Ich kann bestätigen, dass der Versand kostenlos ist."),
    ("fr", "Les retours sont gratuits."),
    ("fr", "Bonjour, la livraison est offerte."),
    ("fr", "Je vous confirme que le retour est gratuit."),
    ("es", "Las devoluciones son gratuitas."),
    ("es", "Lo siento, pero no aceptamos devoluciones."),
    ("es", "Su pedido ha sido enviado."),
    ("pt", "As devoluções são gratuitas."),
    ("pt", "Olá, a entrega é grátis."),
    ("it", "I resi sono gratuiti."),
    ("it", "Mi dispiace, ma i resi non sono possibili."),
    ("nl", "Retourneren is gratis."),
    ("nl", "Sorry, maar retourneren is niet mogelijk."),
    ("nl", "Uw bestelling is verzonden."),
]


def needs_citation(language: str, sentence: str, *, states: bool = False, is_strict: bool = False) -> bool:
    text = plain(sentence)
    said = SAID.get(language, "")
    return is_factual(sentence, text, said=said, language=tongue(text, language), states=states, is_strict=is_strict)


@pytest.mark.parametrize(("language", "sentence"), NOT_FACTUAL)
def test_needs_no_citation(language: str, sentence: str) -> None:
    assert not needs_citation(language, sentence)
    assert needs_citation(language, sentence, states=True)


@pytest.mark.parametrize(("language", "sentence"), FACTUAL)
def test_needs_a_citation(language: str, sentence: str) -> None:
    assert needs_citation(language, sentence)


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("name", ["greeting", "thanks", "found", "clarify", "clarify_open", "offer", "sorry"])
def test_our_own_sentences_need_none(language: str, name: str) -> None:
    from core.guard.splitting import SentenceSplitter

    splitter = SentenceSplitter()
    for sentence in [*splitter.feed(TEXTS[language][name]), *splitter.flush()]:
        assert not needs_citation(language, sentence), sentence


def test_only_the_contacts_own_words_may_be_given_back() -> None:
    assert not needs_citation("en", "You want to return the shoes.")
    assert needs_citation("en", "You want to return the shoes to the warehouse.")
    assert needs_citation("de", "Es tut mir leid, dass die Schuhe beschädigt wurden.")


def test_strict_mode_wants_a_citation_for_lead_ins() -> None:
    assert needs_citation("en", "To get your money back, follow these steps:", is_strict=True)
    assert not needs_citation("en", "Hello! How can I help you?", is_strict=True)
