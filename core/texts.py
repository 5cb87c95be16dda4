"""The engine's own sentences, by language.  ``EngineSettings.texts`` replaces any of them; none states a fact about the company.

Names: ``about`` says who answers here and what it can do ({company} is the tenant's name); ``found`` leads into quoted
passages; ``no_answer``, ``clarify`` and ``clarify_open`` say honestly what is not known; ``outage`` that nothing can be
looked up; ``offer`` offers a person after an answer; ``sorry`` precedes an answer to somebody who is fed up; ``attachment``
that files cannot be read, ``voice_note`` that voice notes cannot be heard; ``more`` that a quoted list goes on at the
source; ``done`` and ``not_done`` end a question for a yes; ``unfinished`` ends an answer that a failing model broke off;
``person`` is the label of the choice that asks for a person, and is itself understood as asking for one.
"""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "greeting": "Hello! How can I help you?",
        "thanks": "You're welcome! Is there anything else I can help with?",
        "goodbye": "Goodbye, and take care!",
        "about": (
            "I'm the automated assistant of {company}: a bot, not a person. I answer questions from our help "
            "pages and show my sources, and I can bring in a person whenever you want one. What can I help you "
            "with?"
        ),
        "found": "Here is what I found:",
        "no_answer": (
            "I couldn't find a reliable answer to that in our help articles. Would you like to talk to a person?"
        ),
        "clarify": "I want to be sure I get this right. Which of these do you mean?",
        "clarify_open": "Could you tell me a little more about what you need?",
        "outage": "I can't look things up at the moment, so I won't guess.",
        "offer": "If this doesn't help, I can bring in a person.",
        "sorry": "I'm sorry about the trouble.",
        "attachment": (
            "I can't read files myself, but a person can. Shall I bring one in, or would you tell me what you need?"
        ),
        "voice_note": (
            "I can't listen to voice messages, but a person can. Shall I bring one in, or would you write "
            "what you need?"
        ),
        "more": "The list goes on in the source.",
        "done": "Done.",
        "not_done": "All right, I haven't done it.",
        "unfinished": "I can't finish this answer right now.",
        "person": "Talk to a person",
    },
    "de": {
        "greeting": "Hallo! Wie kann ich helfen?",
        "thanks": "Gern geschehen! Kann ich sonst noch helfen?",
        "goodbye": "Auf Wiedersehen und alles Gute!",
        "about": (
            "Ich bin der automatische Assistent von {company}: ein Bot, kein Mensch. Ich beantworte Fragen aus "
            "unseren Hilfeseiten, nenne meine Quellen und hole jederzeit eine Person dazu, wenn Sie das möchten. "
            "Wobei kann ich helfen?"
        ),
        "found": "Das habe ich dazu gefunden:",
        "no_answer": (
            "Dazu habe ich in unseren Hilfeartikeln keine verlässliche Antwort gefunden. Möchten Sie mit einer "
            "Person sprechen?"
        ),
        "clarify": "Ich möchte Sie richtig verstehen. Was davon meinen Sie?",
        "clarify_open": "Können Sie mir etwas genauer sagen, worum es geht?",
        "outage": "Ich kann gerade nichts nachschlagen und möchte nicht raten.",
        "offer": "Wenn das nicht hilft, hole ich gern eine Person dazu.",
        "sorry": "Es tut mir leid, dass das gerade Ärger macht.",
        "attachment": (
            "Dateien kann ich selbst nicht lesen, eine Person schon. Soll ich jemanden dazuholen, oder sagen Sie "
            "mir, worum es geht?"
        ),
        "voice_note": (
            "Sprachnachrichten kann ich nicht anhören, eine Person schon. Soll ich jemanden dazuholen, oder "
            "schreiben Sie mir, worum es geht?"
        ),
        "more": "Die Liste geht in der Quelle weiter.",
        "done": "Erledigt.",
        "not_done": "In Ordnung, ich habe es nicht getan.",
        "unfinished": "Ich kann diese Antwort gerade nicht zu Ende bringen.",
        "person": "Mit einer Person sprechen",
    },
    "fr": {
        "greeting": "Bonjour ! Comment puis-je vous aider ?",
        "thanks": "Avec plaisir ! Puis-je vous aider pour autre chose ?",
        "goodbye": "Au revoir et bonne continuation !",
        "about": (
            "Je suis l'assistant automatique qui répond pour {company} : un robot, pas une personne. Je réponds "
            "aux questions à partir de nos pages d'aide, j'indique mes sources et je peux faire venir une "
            "personne quand vous le souhaitez. En quoi puis-je vous aider ?"
        ),
        "found": "Voici ce que j'ai trouvé :",
        "no_answer": (
            "Je n'ai pas trouvé de réponse fiable dans nos articles d'aide. Souhaitez-vous parler à une personne ?"
        ),
        "clarify": "Je veux être sûr de bien comprendre. De quoi s'agit-il ?",
        "clarify_open": "Pouvez-vous m'en dire un peu plus ?",
        "outage": "Je ne peux rien consulter pour le moment, et je préfère ne pas deviner.",
        "offer": "Si cela ne suffit pas, je peux faire venir une personne.",
        "sorry": "Je suis désolé pour ces désagréments.",
        "attachment": (
            "Je ne peux pas lire les fichiers, mais une personne le peut. Dois-je en appeler une, ou pouvez-vous me "
            "dire ce qu'il vous faut ?"
        ),
        "voice_note": (
            "Je ne peux pas écouter les messages vocaux, mais une personne le peut. Dois-je en appeler une, "
            "ou pouvez-vous m'écrire ce qu'il vous faut ?"
        ),
        "more": "La liste continue dans la source.",
        "done": "C'est fait.",
        "not_done": "D'accord, je ne l'ai pas fait.",
        "unfinished": "Je ne peux pas terminer cette réponse pour le moment.",
        "person": "Parler à une personne",
    },
    "es": {
        "greeting": "¡Hola! ¿En qué puedo ayudarle?",
        "thanks": "¡De nada! ¿Puedo ayudarle en algo más?",
        "goodbye": "¡Adiós y que le vaya bien!",
        "about": (
            "Soy el asistente automático de {company}: un bot, no una persona. Respondo preguntas con nuestras "
            "páginas de ayuda, muestro mis fuentes y puedo traer a una persona cuando usted quiera. ¿En qué puedo "
            "ayudarle?"
        ),
        "found": "Esto es lo que he encontrado:",
        "no_answer": (
            "No he encontrado una respuesta fiable en nuestros artículos de ayuda. ¿Quiere hablar con una persona?"
        ),
        "clarify": "Quiero entenderle bien. ¿A cuál de estos temas se refiere?",
        "clarify_open": "¿Puede contarme un poco más sobre lo que necesita?",
        "outage": "Ahora mismo no puedo consultar nada y prefiero no adivinar.",
        "offer": "Si esto no ayuda, puedo traer a una persona.",
        "sorry": "Siento mucho las molestias.",
        "attachment": "No puedo leer archivos, pero una persona sí. ¿Aviso a alguien, o me dice qué necesita?",
        "voice_note": (
            "No puedo escuchar mensajes de voz, pero una persona sí. ¿Aviso a alguien, o me escribe qué necesita?"
        ),
        "more": "La lista continúa en la fuente.",
        "done": "Hecho.",
        "not_done": "De acuerdo, no lo he hecho.",
        "unfinished": "No puedo terminar esta respuesta en este momento.",
        "person": "Hablar con una persona",
    },
    "pt": {
        "greeting": "Olá! Como posso ajudar?",
        "thanks": "De nada! Posso ajudar em mais alguma coisa?",
        "goodbye": "Até logo!",
        "about": (
            "Sou o assistente automático que responde por {company}: um robô, não uma pessoa. Respondo a "
            "perguntas com base nas nossas páginas de ajuda, mostro as minhas fontes e posso chamar uma pessoa "
            "quando quiser. Como posso ajudar?"
        ),
        "found": "Foi isto que encontrei:",
        "no_answer": "Não encontrei uma resposta confiável nos nossos artigos de ajuda. Quer falar com uma pessoa?",
        "clarify": "Quero ter certeza de que entendi. A qual destes assuntos se refere?",
        "clarify_open": "Pode explicar um pouco melhor do que precisa?",
        "outage": "Não consigo consultar nada neste momento e prefiro não adivinhar.",
        "offer": "Se isto não ajudar, posso chamar uma pessoa.",
        "sorry": "Lamento o transtorno.",
        "attachment": (
            "Não consigo ler arquivos, mas uma pessoa consegue. Devo chamar alguém, ou pode dizer-me do que precisa?"
        ),
        "voice_note": (
            "Não consigo ouvir mensagens de voz, mas uma pessoa consegue. Devo chamar alguém, ou pode "
            "escrever-me do que precisa?"
        ),
        "more": "A lista continua na fonte.",
        "done": "Feito.",
        "not_done": "Tudo bem, não o fiz.",
        "unfinished": "Não consigo terminar esta resposta neste momento.",
        "person": "Falar com uma pessoa",
    },
    "it": {
        "greeting": "Ciao! Come posso aiutare?",
        "thanks": "Prego! Posso aiutare con altro?",
        "goodbye": "Arrivederci!",
        "about": (
            "Sono l'assistente automatico che risponde per {company}: un bot, non una persona. Rispondo alle "
            "domande in base alle nostre pagine di assistenza, mostro le mie fonti e posso far intervenire una "
            "persona quando lo desidera. Come posso aiutare?"
        ),
        "found": "Ecco che cosa ho trovato:",
        "no_answer": (
            "Non ho trovato una risposta affidabile nei nostri articoli di assistenza. Vuole parlare con una persona?"
        ),
        "clarify": "Vorrei essere sicuro di aver capito. A quale di questi argomenti si riferisce?",
        "clarify_open": "Può dirmi qualcosa di più?",
        "outage": "Al momento non posso consultare nulla e preferisco non indovinare.",
        "offer": "Se questo non aiuta, posso far intervenire una persona.",
        "sorry": "Mi dispiace per il disagio.",
        "attachment": "Non posso leggere i file, ma una persona sì. Devo chiamarla, o mi dice di che cosa ha bisogno?",
        "voice_note": (
            "Non posso ascoltare i messaggi vocali, ma una persona sì. Devo chiamarla, o mi scrive di che "
            "cosa ha bisogno?"
        ),
        "more": "L'elenco continua nella fonte.",
        "done": "Fatto.",
        "not_done": "Va bene, non l'ho fatto.",
        "unfinished": "Non riesco a finire questa risposta in questo momento.",
        "person": "Parlare con una persona",
    },
    "nl": {
        "greeting": "Hallo! Waarmee kan ik helpen?",
        "thanks": "Graag gedaan! Kan ik nog ergens mee helpen?",
        "goodbye": "Tot ziens!",
        "about": (
            "Ik ben de automatische assistent van {company}: een bot, geen mens. Ik beantwoord vragen met onze "
            "hulppagina's, toon mijn bronnen en haal er een persoon bij wanneer u dat wilt. Waarmee kan ik "
            "helpen?"
        ),
        "found": "Dit heb ik gevonden:",
        "no_answer": "Ik heb in onze hulpartikelen geen betrouwbaar antwoord gevonden. Wilt u met een persoon praten?",
        "clarify": "Ik wil u goed begrijpen. Welke van deze bedoelt u?",
        "clarify_open": "Kunt u iets meer vertellen over wat u nodig hebt?",
        "outage": "Ik kan nu niets opzoeken en wil niet gokken.",
        "offer": "Als dit niet helpt, haal ik er graag een persoon bij.",
        "sorry": "Het spijt me dat dit zo loopt.",
        "attachment": (
            "Ik kan zelf geen bestanden lezen, een persoon wel. Zal ik iemand erbij halen, of vertelt u wat u nodig "
            "hebt?"
        ),
        "voice_note": (
            "Ik kan geen spraakberichten beluisteren, een persoon wel. Zal ik iemand erbij halen, of "
            "schrijft u wat u nodig hebt?"
        ),
        "more": "De lijst gaat verder in de bron.",
        "done": "Gedaan.",
        "not_done": "Goed, ik heb het niet gedaan.",
        "unfinished": "Ik kan dit antwoord op dit moment niet afmaken.",
        "person": "Met een persoon praten",
    },
}

NAMELESS: Mapping[str, str] = {
    "en": "our company",
    "de": "unserem Unternehmen",
    "fr": "notre entreprise",
    "es": "nuestra empresa",
    "pt": "a nossa empresa",
    "it": "la nostra azienda",
    "nl": "ons bedrijf",
}
"""What stands for {company} where nobody gave a name."""


def named(words: str, company: str, language: str) -> str:
    """The sentence with {company} filled in; other braces are the operator's own text."""
    return words.replace("{company}", company or NAMELESS.get(language, NAMELESS["en"]))


def text(name: str, language: str, overrides: Mapping[str, Mapping[str, str]]) -> str:
    """The sentence in this language, else in English."""
    for table, tongue in ((overrides, language), (TEXTS, language), (overrides, "en"), (TEXTS, "en")):
        said = table.get(tongue, {}).get(name)
        if said is not None:
            return said
    raise KeyError(name)
