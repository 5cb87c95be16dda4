"""The templated sentences of the house, in the languages it speaks, and how times and waits are said in them.  Pure.

Keys: ``handoff`` says that a person comes; ``handoff_queue`` does so with the place in the queue ({position}), ``handoff_wait``
with the wait besides ({wait}); ``handoff_offline`` says when the desk opens ({opens}), ``handoff_closed`` when nobody knows that;
``go_on`` is the label of the choice to go on with the assistant, ``went_on`` its answer; ``rerouted`` and ``still_waiting``
are said after a time-out in the queue; ``claimed``, ``given_back`` ({agent}), ``resolved`` and ``rated`` when that happens.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from core.domain import Head
from core.link_texts import language_of
from core.staffing import Staffing

HANDOFF: Final = ("handoff_wait", "handoff_queue", "handoff")
CLOSED: Final = ("handoff_offline", "handoff_closed")
SOON_DAYS: Final = 6
"""Within so many days a weekday's name tells which one is meant."""

HOUR_MINUTES: Final = 60

SENTENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "handoff": (
            "I'm bringing in a person. They can see our whole conversation, so you don't have to repeat anything."
        ),
        "handoff_queue": (
            "I'm bringing in a person. They can see our whole conversation, so you don't have to repeat anything. "
            "At the moment you are number {position} in the queue."
        ),
        "handoff_wait": (
            "I'm bringing in a person. They can see our whole conversation, so you don't have to repeat anything. "
            "At the moment you are number {position} in the queue; others recently waited about {wait}."
        ),
        "handoff_offline": (
            "I've passed this to our team. Nobody is at the desk right now; they are back on {opens} and will answer here. "
            "Until then you can go on with the assistant."
        ),
        "handoff_closed": (
            "I've passed this to our team. Nobody is at the desk right now; they will answer here as soon as they are "
            "back. Until then you can go on with the assistant."
        ),
        "go_on": "Go on with the assistant",
        "went_on": "All right. What would you like to know? Our team still has your request and will answer here.",
        "rerouted": "Thank you for waiting. Nobody was free so far, so I've passed your request on to another team.",
        "still_waiting": "Thank you for waiting. Nobody was free so far; your request keeps its place.",
        "claimed": "{agent} has joined the conversation.",
        "given_back": "{agent} has handed the conversation back to the assistant.",
        "resolved": "This conversation is marked as resolved. How did we do?",
        "rated": "Thank you for your feedback!",
    },
    "de": {
        "handoff": "Ich hole eine Person dazu. Sie sieht unser ganzes Gespräch, Sie müssen nichts wiederholen.",
        "handoff_queue": (
            "Ich hole eine Person dazu. Sie sieht unser ganzes Gespräch, Sie müssen nichts wiederholen. "
            "Im Moment sind Sie Nummer {position} in der Warteschlange."
        ),
        "handoff_wait": (
            "Ich hole eine Person dazu. Sie sieht unser ganzes Gespräch, Sie müssen nichts wiederholen. "
            "Im Moment sind Sie Nummer {position} in der Warteschlange; andere haben zuletzt etwa {wait} gewartet."
        ),
        "handoff_offline": (
            "Ich habe das an unser Team weitergegeben. Gerade ist niemand da; ab {opens} ist wieder jemand da und antwortet "
            "hier. Bis dahin können Sie mit dem Assistenten weitermachen."
        ),
        "handoff_closed": (
            "Ich habe das an unser Team weitergegeben. Gerade ist niemand da; Sie bekommen hier Antwort, sobald wieder "
            "jemand da ist. Bis dahin können Sie mit dem Assistenten weitermachen."
        ),
        "go_on": "Mit dem Assistenten weitermachen",
        "went_on": "Gern. Was möchten Sie wissen? Ihr Anliegen bleibt bei unserem Team, das hier antworten wird.",
        "rerouted": (
            "Danke für Ihre Geduld. Bisher war niemand frei, deshalb habe ich Ihr Anliegen an ein anderes Team gegeben."
        ),
        "still_waiting": "Danke für Ihre Geduld. Bisher war niemand frei; Ihr Anliegen behält seinen Platz.",
        "claimed": "{agent} ist jetzt im Gespräch.",
        "given_back": "{agent} hat das Gespräch an den Assistenten zurückgegeben.",
        "resolved": "Dieses Gespräch ist als erledigt markiert. Wie waren wir?",
        "rated": "Danke für Ihre Rückmeldung!",
    },
    "fr": {
        "handoff": "Je fais venir une personne. Elle voit toute notre conversation, vous n'avez rien à répéter.",
        "handoff_queue": (
            "Je fais venir une personne. Elle voit toute notre conversation, vous n'avez rien à répéter. "
            "Vous êtes actuellement numéro {position} dans la file d'attente."
        ),
        "handoff_wait": (
            "Je fais venir une personne. Elle voit toute notre conversation, vous n'avez rien à répéter. Vous êtes "
            "actuellement numéro {position} dans la file d'attente ; l'attente a été récemment d'environ {wait}."
        ),
        "handoff_offline": (
            "J'ai transmis votre demande à notre équipe. Personne n'est là pour le moment ; elle sera de retour {opens} et "
            "vous répondra ici. D'ici là, vous pouvez continuer avec l'assistant."
        ),
        "handoff_closed": (
            "J'ai transmis votre demande à notre équipe. Personne n'est là pour le moment ; elle vous répondra ici dès son "
            "retour. D'ici là, vous pouvez continuer avec l'assistant."
        ),
        "go_on": "Continuer avec l'assistant",
        "went_on": "D'accord. Que souhaitez-vous savoir ? Notre équipe garde votre demande et y répondra ici.",
        "rerouted": (
            "Merci de votre patience. Personne n'était libre jusqu'ici : j'ai transmis votre demande à une autre équipe."
        ),
        "still_waiting": "Merci de votre patience. Personne n'était libre jusqu'ici ; votre demande garde sa place.",
        "claimed": "{agent} a rejoint la conversation.",
        "given_back": "{agent} a rendu la conversation à l'assistant.",
        "resolved": "Cette conversation est marquée comme résolue. Comment cela s'est-il passé ?",
        "rated": "Merci pour votre avis !",
    },
    "es": {
        "handoff": "Aviso a una persona. Puede ver toda nuestra conversación, no tiene que repetir nada.",
        "handoff_queue": (
            "Aviso a una persona. Puede ver toda nuestra conversación, no tiene que repetir nada. "
            "En este momento es el número {position} de la cola."
        ),
        "handoff_wait": (
            "Aviso a una persona. Puede ver toda nuestra conversación, no tiene que repetir nada. En este momento es el "
            "número {position} de la cola; últimamente la espera ha sido de unos {wait}."
        ),
        "handoff_offline": (
            "He pasado su consulta a nuestro equipo. Ahora no hay nadie; vuelve el {opens} y le responderá aquí. "
            "Mientras tanto puede seguir con el asistente."
        ),
        "handoff_closed": (
            "He pasado su consulta a nuestro equipo. Ahora no hay nadie; le responderá aquí en cuanto vuelva. "
            "Mientras tanto puede seguir con el asistente."
        ),
        "go_on": "Seguir con el asistente",
        "went_on": "De acuerdo. ¿Qué quiere saber? Nuestro equipo sigue teniendo su consulta y le responderá aquí.",
        "rerouted": (
            "Gracias por esperar. Hasta ahora nadie estaba libre, así que he pasado su consulta a otro equipo."
        ),
        "still_waiting": "Gracias por esperar. Hasta ahora nadie estaba libre; su consulta conserva su lugar.",
        "claimed": "{agent} se ha unido a la conversación.",
        "given_back": "{agent} ha devuelto la conversación al asistente.",
        "resolved": "Esta conversación está marcada como resuelta. ¿Qué tal lo hemos hecho?",
        "rated": "¡Gracias por su opinión!",
    },
    "pt": {
        "handoff": "Vou chamar uma pessoa. Ela vê toda a nossa conversa, não precisa de repetir nada.",
        "handoff_queue": (
            "Vou chamar uma pessoa. Ela vê toda a nossa conversa, não precisa de repetir nada. "
            "Neste momento é o número {position} da fila."
        ),
        "handoff_wait": (
            "Vou chamar uma pessoa. Ela vê toda a nossa conversa, não precisa de repetir nada. Neste momento é o número "
            "{position} da fila; ultimamente a espera foi de cerca de {wait}."
        ),
        "handoff_offline": (
            "Passei o seu pedido à nossa equipa. Neste momento não há ninguém; a equipa volta {opens} e responde aqui. "
            "Até lá pode continuar com o assistente."
        ),
        "handoff_closed": (
            "Passei o seu pedido à nossa equipa. Neste momento não há ninguém; a equipa responde aqui assim que voltar. "
            "Até lá pode continuar com o assistente."
        ),
        "go_on": "Continuar com o assistente",
        "went_on": "Certo. O que gostaria de saber? A nossa equipa continua com o seu pedido e responde aqui.",
        "rerouted": (
            "Obrigado por esperar. Até agora ninguém estava livre, por isso passei o seu pedido a outra equipa."
        ),
        "still_waiting": "Obrigado por esperar. Até agora ninguém estava livre; o seu pedido mantém o lugar.",
        "claimed": "{agent} entrou na conversa.",
        "given_back": "{agent} devolveu a conversa ao assistente.",
        "resolved": "Esta conversa está marcada como resolvida. Como correu?",
        "rated": "Obrigado pela sua opinião!",
    },
    "it": {
        "handoff": "Chiamo una persona. Vede tutta la nostra conversazione, non deve ripetere nulla.",
        "handoff_queue": (
            "Chiamo una persona. Vede tutta la nostra conversazione, non deve ripetere nulla. "
            "In questo momento è il numero {position} in coda."
        ),
        "handoff_wait": (
            "Chiamo una persona. Vede tutta la nostra conversazione, non deve ripetere nulla. In questo momento è il "
            "numero {position} in coda; di recente l'attesa è stata di circa {wait}."
        ),
        "handoff_offline": (
            "Ho passato la sua richiesta al nostro team. Al momento non c'è nessuno; torna {opens} e le risponderà qui. "
            "Nel frattempo può continuare con l'assistente."
        ),
        "handoff_closed": (
            "Ho passato la sua richiesta al nostro team. Al momento non c'è nessuno; le risponderà qui appena torna. "
            "Nel frattempo può continuare con l'assistente."
        ),
        "go_on": "Continuare con l'assistente",
        "went_on": "Va bene. Che cosa vorrebbe sapere? Il nostro team ha ancora la sua richiesta e le risponderà qui.",
        "rerouted": "Grazie per l'attesa. Finora nessuno era libero, così ho passato la sua richiesta a un altro team.",
        "still_waiting": "Grazie per l'attesa. Finora nessuno era libero; la sua richiesta mantiene il suo posto.",
        "claimed": "{agent} è entrato nella conversazione.",
        "given_back": "{agent} ha restituito la conversazione all'assistente.",
        "resolved": "Questa conversazione è segnata come risolta. Com'è andata?",
        "rated": "Grazie per il suo parere!",
    },
    "nl": {
        "handoff": "Ik haal er een persoon bij. Die ziet ons hele gesprek, u hoeft niets te herhalen.",
        "handoff_queue": (
            "Ik haal er een persoon bij. Die ziet ons hele gesprek, u hoeft niets te herhalen. "
            "Op dit moment bent u nummer {position} in de wachtrij."
        ),
        "handoff_wait": (
            "Ik haal er een persoon bij. Die ziet ons hele gesprek, u hoeft niets te herhalen. Op dit moment bent u nummer "
            "{position} in de wachtrij; anderen wachtten onlangs ongeveer {wait}."
        ),
        "handoff_offline": (
            "Ik heb dit aan ons team doorgegeven. Er is nu niemand; vanaf {opens} is er weer iemand, die hier antwoordt. "
            "Tot dan kunt u met de assistent verdergaan."
        ),
        "handoff_closed": (
            "Ik heb dit aan ons team doorgegeven. Er is nu niemand; zodra er weer iemand is, krijgt u hier antwoord. "
            "Tot dan kunt u met de assistent verdergaan."
        ),
        "go_on": "Verdergaan met de assistent",
        "went_on": "Goed. Wat wilt u weten? Ons team houdt uw vraag en zal hier antwoorden.",
        "rerouted": "Dank u voor het wachten. Er was nog niemand vrij, dus ik heb uw vraag aan een ander team doorgegeven.",
        "still_waiting": "Dank u voor het wachten. Er was nog niemand vrij; uw vraag houdt zijn plaats.",
        "claimed": "{agent} doet nu mee aan het gesprek.",
        "given_back": "{agent} heeft het gesprek aan de assistent teruggegeven.",
        "resolved": "Dit gesprek is als opgelost gemarkeerd. Hoe ging het?",
        "rated": "Dank u voor uw reactie!",
    },
}

WEEKDAYS: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    "pt": ("segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo"),
    "it": ("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"),
    "nl": ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
}

UNITS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "en": ("minute", "minutes", "hour", "hours"),
    "de": ("Minute", "Minuten", "Stunde", "Stunden"),
    "fr": ("minute", "minutes", "heure", "heures"),
    "es": ("minuto", "minutos", "hora", "horas"),
    "pt": ("minuto", "minutos", "hora", "horas"),
    "it": ("minuto", "minuti", "ora", "ore"),
    "nl": ("minuut", "minuten", "uur", "uur"),
}

DEFAULT_NOTICES: Final = SENTENCES["en"]


def opens_text(opens_at: datetime, language: str | None, *, now: datetime | None) -> str:
    """An opening in words, by the desk's own clock: "Monday 09:00 CET", with its date when that is a while away."""
    day = WEEKDAYS[language_of(language)][opens_at.weekday()]
    days = None if now is None else (opens_at.date() - now.astimezone(opens_at.tzinfo).date()).days
    date = f" ({opens_at:%Y-%m-%d})" if days is None or days > SOON_DAYS else ""
    return f"{day}{date} {opens_at:%H:%M} {opens_at.tzname() or ''}".rstrip()


def wait_text(wait: timedelta, language: str | None) -> str:
    """A wait in words, rounded up: "5 minutes", "2 hours"."""
    one, many, hour, hours = UNITS[language_of(language)]
    minutes = max(1, -(-int(wait.total_seconds()) // 60))
    if minutes < HOUR_MINUTES:
        return f"{minutes} {one if minutes == 1 else many}"
    count = -(-minutes // HOUR_MINUTES)
    return f"{count} {hour if count == 1 else hours}"


def _bare(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().strip(" \t\r\n.!?\"'“”«»*_").split())


@dataclass(frozen=True, kw_only=True)
class Notices:
    """An operator's own sentences over the shipped ones: ``by_language``, and ``default`` for languages that are not in it.

    A sentence that names something unknown ({opens}, {position}, {wait}) is passed over for one that does not.  ``asks``: the
    sentence at the end of a case is a survey's question.
    """

    default: Mapping[str, str] = field(default_factory=dict)
    by_language: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    asks: bool = True

    def text(self, key: str, head: Head, *, agent: str | None = None) -> str:
        """The sentence ``key`` in the conversation's language."""
        return self._said((key,), head, {"agent": agent or ""})

    def handed_over(self, head: Head, staffing: Staffing) -> str:
        """The one sentence at a handoff: all that is known, and nothing that is not."""
        language = head.language or head.contact.locale
        known: dict[str, str] = {"agent": ""}
        if not staffing.is_open:
            if staffing.opens_at is not None:
                known["opens"] = opens_text(staffing.opens_at, language, now=staffing.asked_at)
            return self._said(CLOSED, head, known)
        if staffing.ahead:
            known["position"] = str(staffing.ahead + 1)
        if staffing.wait is not None:
            known["wait"] = wait_text(staffing.wait, language)
        return self._said(HANDOFF, head, known)

    def is_go_on(self, text: str) -> bool:
        """Whether a contact's words are the choice to go on with the assistant, in any language; cheap for other words."""
        return len(text) <= self._longest and _bare(text) in self._go_on

    @cached_property
    def _go_on(self) -> frozenset[str]:
        tables: Iterable[Mapping[str, str]] = (self.default, *self.by_language.values(), *SENTENCES.values())
        return frozenset(_bare(table["go_on"]) for table in tables if "go_on" in table)

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._go_on)) + 8

    def _said(self, keys: tuple[str, ...], head: Head, known: Mapping[str, str]) -> str:
        language = head.language or head.contact.locale or ""
        own = self.by_language.get(language) or self.by_language.get(language_of(language), {})
        for table in (own, self.default, SENTENCES[language_of(language)], DEFAULT_NOTICES):
            for key in keys:
                template = table.get(key)
                if template is not None and names_in(template) <= set(known):
                    return _filled(template, known)
        raise KeyError(keys)


FIELDS: Final = frozenset({"agent", "opens", "position", "wait"})


def names_in(template: str) -> frozenset[str]:
    """Which of our fields a sentence names; other braces are the operator's own text."""
    return frozenset(name for name in FIELDS if f"{{{name}}}" in template)


def _filled(template: str, known: Mapping[str, str]) -> str:
    for name in names_in(template):
        template = template.replace(f"{{{name}}}", known[name])
    return template
