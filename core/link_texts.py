"""What contacts read about links and about answers brought from another chat, in every language the engine knows.

``TEXTS``: ``code`` stands in the chat where a token was shown, ``opened`` in the one it came from; ``linked`` and ``unlinked`` in
both; ``dead``, ``same`` and ``private`` refuse; ``brought`` stands above an answer that could not be delivered where it was
asked for, and ``assistant`` is who gave it when no person did.  ``{other}`` is a channel's name without an article, so
it stands where no grammar touches it.  STOP LINK is a command and is not translated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DEFAULT: Final = "en"

CHANNEL_NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "web": "web chat",
        "slack": "Slack chat",
        "telegram": "Telegram chat",
        "whatsapp": "WhatsApp chat",
        "sms": "text messages (SMS)",
        "teams": "Microsoft Teams chat",
        "other": "other chat",
        "any": "{kind} chat",
    },
    "de": {
        "web": "Chat auf der Website",
        "slack": "Slack-Chat",
        "telegram": "Telegram-Chat",
        "whatsapp": "WhatsApp-Chat",
        "sms": "SMS",
        "teams": "Chat in Microsoft Teams",
        "other": "anderer Chat",
        "any": "{kind}-Chat",
    },
    "fr": {
        "web": "chat du site web",
        "slack": "chat Slack",
        "telegram": "chat Telegram",
        "whatsapp": "chat WhatsApp",
        "sms": "SMS",
        "teams": "chat Microsoft Teams",
        "other": "autre conversation",
        "any": "chat {kind}",
    },
    "es": {
        "web": "chat de la página web",
        "slack": "chat de Slack",
        "telegram": "chat de Telegram",
        "whatsapp": "chat de WhatsApp",
        "sms": "SMS",
        "teams": "chat de Microsoft Teams",
        "other": "otro chat",
        "any": "chat de {kind}",
    },
    "pt": {
        "web": "chat do site",
        "slack": "chat do Slack",
        "telegram": "chat do Telegram",
        "whatsapp": "chat do WhatsApp",
        "sms": "SMS",
        "teams": "chat do Microsoft Teams",
        "other": "outra conversa",
        "any": "chat {kind}",
    },
    "it": {
        "web": "chat del sito",
        "slack": "chat di Slack",
        "telegram": "chat di Telegram",
        "whatsapp": "chat di WhatsApp",
        "sms": "SMS",
        "teams": "chat di Microsoft Teams",
        "other": "altra chat",
        "any": "chat {kind}",
    },
    "nl": {
        "web": "chat op de website",
        "slack": "Slack-chat",
        "telegram": "Telegram-chat",
        "whatsapp": "WhatsApp-chat",
        "sms": "sms",
        "teams": "chat in Microsoft Teams",
        "other": "andere chat",
        "any": "{kind}-chat",
    },
}
"""How a contact calls a channel; ``other``: which one is not known any more, ``any``: one that is not named here."""

TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "code": (
            "To connect this chat with your {other}, type this code **there**: **{code}**. It works for 10 minutes.\n\n"
            "Did somebody else send you here? Then do nothing, and tell nobody the code."
        ),
        "opened": "Your link was opened in a {other}. If that was you, type the code you see there. If not, do nothing.",
        "linked": "This chat is now connected with your {other}. To undo that, write STOP LINK.",
        "unlinked": "This chat is no longer connected with your other chats.",
        "dead": "This link has run out or was used before. You get a new one where you found it.",
        "same": "This link connects two different chats, and this is the one it comes from.",
        "private": "Links work only in a private chat with me.",
        "brought": "{who} answered you in your {other}, where it could not be delivered:",
        "assistant": "Our assistant",
    },
    "de": {
        "code": (
            "Um diesen Chat mit dem anderen ({other}) zu verbinden, geben Sie **dort** diesen Code ein: **{code}**."
            " Er gilt 10 Minuten.\n\n"
            "Hat jemand anderes Sie hierher geschickt? Dann tun Sie nichts, und nennen Sie niemandem den Code."
        ),
        "opened": (
            "Ihr Link wurde geöffnet ({other}). Wenn Sie das waren, geben Sie hier den Code von dort ein."
            " Sonst tun Sie nichts."
        ),
        "linked": "Dieser Chat ist jetzt verbunden mit: {other}. Um das aufzuheben, schreiben Sie STOP LINK.",
        "unlinked": "Dieser Chat ist nicht mehr mit Ihren anderen Chats verbunden.",
        "dead": "Dieser Link ist abgelaufen oder wurde schon benutzt. Einen neuen gibt es dort, wo Sie ihn gefunden haben.",
        "same": "Dieser Link verbindet zwei verschiedene Chats, und er kommt aus diesem hier.",
        "private": "Links gehen nur in einem privaten Chat mit mir.",
        "brought": "{who} hat Ihnen geantwortet ({other}), die Nachricht konnte dort aber nicht zugestellt werden:",
        "assistant": "Unser Assistent",
    },
    "fr": {
        "code": (
            "Pour relier cette conversation à l'autre ({other}), saisissez ce code **là-bas** : **{code}**."
            " Il est valable 10 minutes.\n\n"
            "Quelqu'un d'autre vous a envoyé ici ? Alors ne faites rien et ne donnez le code à personne."
        ),
        "opened": (
            "Votre lien a été ouvert ({other}). Si c'était vous, saisissez ici le code qui s'y affiche."
            " Sinon, ne faites rien."
        ),
        "linked": "Cette conversation est maintenant reliée à : {other}. Pour annuler, écrivez STOP LINK.",
        "unlinked": "Cette conversation n'est plus reliée à vos autres conversations.",
        "dead": "Ce lien a expiré ou a déjà été utilisé. Vous en trouverez un nouveau là où était celui-ci.",
        "same": "Ce lien relie deux conversations différentes, et il vient de celle-ci.",
        "private": "Les liens ne fonctionnent que dans une conversation privée avec moi.",
        "brought": "{who} vous a répondu ({other}), mais le message n'a pas pu y être remis :",
        "assistant": "Notre assistant",
    },
    "es": {
        "code": (
            "Para conectar este chat con el otro ({other}), escriba **allí** este código: **{code}**."
            " Es válido durante 10 minutos.\n\n"
            "¿Otra persona le ha pedido que venga aquí? Entonces no haga nada y no le diga el código a nadie."
        ),
        "opened": (
            "Se ha abierto su enlace ({other}). Si ha sido usted, escriba aquí el código que ve allí."
            " Si no, no haga nada."
        ),
        "linked": "Este chat está ahora conectado con: {other}. Para deshacerlo, escriba STOP LINK.",
        "unlinked": "Este chat ya no está conectado con sus otros chats.",
        "dead": "Este enlace ha caducado o ya se ha utilizado. Encontrará uno nuevo donde encontró este.",
        "same": "Este enlace conecta dos chats distintos, y procede precisamente de este.",
        "private": "Los enlaces solo funcionan en un chat privado conmigo.",
        "brought": "{who} le ha respondido ({other}), pero el mensaje no se ha podido entregar allí:",
        "assistant": "Nuestro asistente",
    },
    "pt": {
        "code": (
            "Para ligar esta conversa à outra ({other}), escreva **lá** este código: **{code}**."
            " É válido por 10 minutos.\n\n"
            "Veio aqui a pedido de outra pessoa? Então não faça nada e não diga o código a ninguém."
        ),
        "opened": (
            "O seu link foi aberto ({other}). Se foi você, escreva aqui o código que aparece lá. Se não, não faça nada."
        ),
        "linked": "Esta conversa está agora ligada a: {other}. Para desfazer, escreva STOP LINK.",
        "unlinked": "Esta conversa já não está ligada às suas outras conversas.",
        "dead": "Este link expirou ou já foi usado. Há um novo onde encontrou este.",
        "same": "Este link liga duas conversas diferentes, e vem precisamente desta.",
        "private": "Os links só funcionam numa conversa privada comigo.",
        "brought": "{who} respondeu-lhe ({other}), mas não foi possível entregar a mensagem lá:",
        "assistant": "O nosso assistente",
    },
    "it": {
        "code": (
            "Per collegare questa chat all'altra ({other}), scriva **lì** questo codice: **{code}**."
            " Vale per 10 minuti.\n\n"
            "Qualcun altro le ha chiesto di venire qui? Allora non faccia nulla e non dica il codice a nessuno."
        ),
        "opened": (
            "Il suo link è stato aperto ({other}). Se era lei, scriva qui il codice che vede lì."
            " Altrimenti non faccia nulla."
        ),
        "linked": "Questa chat ora è collegata a: {other}. Per annullare, scriva STOP LINK.",
        "unlinked": "Questa chat non è più collegata alle sue altre chat.",
        "dead": "Questo link è scaduto o è già stato usato. Ne trova uno nuovo dove ha trovato questo.",
        "same": "Questo link collega due chat diverse, e proviene proprio da questa.",
        "private": "I link funzionano solo in una chat privata con me.",
        "brought": "{who} le ha risposto ({other}), ma non è stato possibile recapitare lì il messaggio:",
        "assistant": "Il nostro assistente",
    },
    "nl": {
        "code": (
            "Om deze chat met de andere ({other}) te verbinden, typt u **daar** deze code: **{code}**."
            " De code is 10 minuten geldig.\n\n"
            "Heeft iemand anders u hierheen gestuurd? Doe dan niets en geef de code aan niemand."
        ),
        "opened": (
            "Uw link is geopend ({other}). Was u dat, typ dan hier de code die u daar ziet. Zo niet, doe dan niets."
        ),
        "linked": "Deze chat is nu verbonden met: {other}. Schrijf STOP LINK om dat ongedaan te maken.",
        "unlinked": "Deze chat is niet meer met uw andere chats verbonden.",
        "dead": "Deze link is verlopen of al gebruikt. U krijgt een nieuwe waar u deze hebt gevonden.",
        "same": "Deze link verbindt twee verschillende chats, en komt uit deze chat.",
        "private": "Links werken alleen in een privéchat met mij.",
        "brought": "{who} heeft u geantwoord ({other}), maar het bericht kon daar niet worden bezorgd:",
        "assistant": "Onze assistent",
    },
}


def language_of(wanted: str | None) -> str:
    """The language to speak: the wanted one without its region, where it is known."""
    language = (wanted or DEFAULT).partition("-")[0].partition("_")[0].lower()
    return language if language in TEXTS else DEFAULT


def channel_name(kind: str, language: str | None = None) -> str:
    """A channel in a contact's words."""
    names = CHANNEL_NAMES[language_of(language)]
    return names.get(kind) or names["any"].format(kind=kind)


def sentence(key: str, language: str | None, *, other: str | None = None, **fields: str) -> str:
    """One of the sentences; ``other`` is the kind of the other channel."""
    named = {} if other is None else {"other": channel_name(other, language)}
    return TEXTS[language_of(language)][key].format(**named, **fields)
