"""The firewall's own sentences, by language.  Names in braces are places; none states a fact about the company."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "yes": "Yes, do it ({nonce})",
        "no": "No",
        "ask": "Please confirm: {what}.",
        "reply": "Reply YES {nonce} to confirm, NO to cancel.",
        "press": "Press a button, or reply YES {nonce} to confirm, NO to cancel.",
        "again": "I need the number to be sure.",
        "agent_asked": "A colleague has to approve this first. I have asked; nothing has been done yet.",
        "verify": "For this I need to be sure who you are. Please sign in and ask me again.",
        "denied": "I'm not able to do that for you here.",
        "limit": "That is more than I may do here, so I have not done it. A person can look at it.",
        "expired": "That question has expired, so nothing was done. Please ask me again if you still want it.",
        "changed": "You are signed in differently than when I asked, so nothing was done. Please ask me again.",
        "asking": "Please answer my open question first.",
        "failed": "That didn't work, and nothing was changed.",
        "unknown": (
            "I can't tell whether that went through. I won't try again, so that it doesn't happen twice; a person can check."
        ),
    },
    "de": {
        "yes": "Ja, machen ({nonce})",
        "no": "Nein",
        "ask": "Bitte bestätigen Sie: {what}.",
        "reply": "Antworten Sie JA {nonce} zum Bestätigen, NEIN zum Abbrechen.",
        "press": "Drücken Sie eine Taste, oder antworten Sie JA {nonce} zum Bestätigen, NEIN zum Abbrechen.",
        "again": "Um sicher zu sein, brauche ich die Nummer.",
        "agent_asked": "Das muss zuerst jemand aus dem Team freigeben. Ich habe gefragt; es ist noch nichts geschehen.",
        "verify": "Dafür muss ich sicher sein, wer Sie sind. Bitte melden Sie sich an und fragen Sie noch einmal.",
        "denied": "Das kann ich hier nicht für Sie tun.",
        "limit": "Das ist mehr, als ich hier darf; ich habe es nicht getan. Eine Person kann es sich ansehen.",
        "expired": "Diese Frage ist abgelaufen, es ist nichts geschehen. Bitte fragen Sie noch einmal, wenn Sie es noch möchten.",
        "changed": "Sie sind anders angemeldet als bei meiner Frage, daher ist nichts geschehen. Bitte fragen Sie noch einmal.",
        "asking": "Bitte beantworten Sie zuerst meine offene Frage.",
        "failed": "Das hat nicht geklappt, und es wurde nichts geändert.",
        "unknown": (
            "Ich kann nicht sagen, ob das durchgegangen ist. Ich versuche es nicht noch einmal, damit es nicht doppelt "
            "geschieht; eine Person kann nachsehen."
        ),
    },
    "fr": {
        "yes": "Oui, faites ({nonce})",
        "no": "Non",
        "ask": "Veuillez confirmer : {what}.",
        "reply": "Répondez OUI {nonce} pour confirmer, NON pour annuler.",
        "press": "Appuyez sur un bouton, ou répondez OUI {nonce} pour confirmer, NON pour annuler.",
        "again": "Il me faut le numéro pour en être sûr.",
        "agent_asked": "Un collègue doit d'abord l'approuver. J'ai demandé ; rien n'a encore été fait.",
        "verify": "Pour cela, je dois être sûr de votre identité. Connectez-vous et redemandez-moi.",
        "denied": "Je ne peux pas faire cela pour vous ici.",
        "limit": "C'est plus que ce qui m'est permis ici, je ne l'ai donc pas fait. Une personne peut l'examiner.",
        "expired": "Cette question a expiré, rien n'a été fait. Redemandez-moi si vous le souhaitez toujours.",
        "changed": "Votre connexion a changé depuis ma question, rien n'a donc été fait. Redemandez-moi.",
        "asking": "Répondez d'abord à ma question, s'il vous plaît.",
        "failed": "Cela n'a pas fonctionné, et rien n'a été modifié.",
        "unknown": (
            "Je ne peux pas dire si cela a abouti. Je ne réessaie pas, pour que cela ne se fasse pas deux fois ; une "
            "personne peut vérifier."
        ),
    },
    "es": {
        "yes": "Sí, hágalo ({nonce})",
        "no": "No",
        "ask": "Confirme, por favor: {what}.",
        "reply": "Responda SÍ {nonce} para confirmar, NO para cancelar.",
        "press": "Pulse un botón, o responda SÍ {nonce} para confirmar, NO para cancelar.",
        "again": "Necesito el número para estar seguro.",
        "agent_asked": "Un compañero debe aprobarlo primero. Ya he preguntado; todavía no se ha hecho nada.",
        "verify": "Para esto necesito estar seguro de quién es. Inicie sesión y vuelva a pedírmelo.",
        "denied": "No puedo hacer eso por usted aquí.",
        "limit": "Es más de lo que puedo hacer aquí, así que no lo he hecho. Una persona puede revisarlo.",
        "expired": "Esa pregunta ha caducado y no se ha hecho nada. Vuelva a pedírmelo si todavía lo desea.",
        "changed": "Su sesión ha cambiado desde mi pregunta, así que no se ha hecho nada. Vuelva a pedírmelo.",
        "asking": "Por favor, responda primero a mi pregunta.",
        "failed": "No ha funcionado, y no se ha cambiado nada.",
        "unknown": (
            "No puedo saber si se ha completado. No lo intentaré de nuevo, para que no ocurra dos veces; una persona puede "
            "comprobarlo."
        ),
    },
    "pt": {
        "yes": "Sim, faça ({nonce})",
        "no": "Não",
        "ask": "Confirme, por favor: {what}.",
        "reply": "Responda SIM {nonce} para confirmar, NÃO para cancelar.",
        "press": "Toque num botão, ou responda SIM {nonce} para confirmar, NÃO para cancelar.",
        "again": "Preciso do número para ter a certeza.",
        "agent_asked": "Um colega tem de aprovar primeiro. Já perguntei; ainda não foi feito nada.",
        "verify": "Para isto preciso de ter a certeza de quem é. Inicie sessão e peça-me outra vez.",
        "denied": "Não posso fazer isso por si aqui.",
        "limit": "É mais do que posso fazer aqui, por isso não o fiz. Uma pessoa pode analisar.",
        "expired": "Essa pergunta expirou e nada foi feito. Peça-me outra vez se ainda quiser.",
        "changed": "A sua sessão mudou desde a minha pergunta, por isso nada foi feito. Peça-me outra vez.",
        "asking": "Por favor, responda primeiro à minha pergunta.",
        "failed": "Não funcionou, e nada foi alterado.",
        "unknown": (
            "Não consigo saber se foi concluído. Não vou tentar outra vez, para não acontecer duas vezes; uma pessoa pode "
            "verificar."
        ),
    },
    "it": {
        "yes": "Sì, procedi ({nonce})",
        "no": "No",
        "ask": "Confermi, per favore: {what}.",
        "reply": "Risponda SÌ {nonce} per confermare, NO per annullare.",
        "press": "Prema un pulsante, oppure risponda SÌ {nonce} per confermare, NO per annullare.",
        "again": "Mi serve il numero per essere sicuro.",
        "agent_asked": "Prima deve approvarlo un collega. Ho chiesto; non è ancora stato fatto nulla.",
        "verify": "Per questo devo essere sicuro della sua identità. Acceda e me lo chieda di nuovo.",
        "denied": "Qui non posso farlo per lei.",
        "limit": "È più di quanto io possa fare qui, quindi non l'ho fatto. Una persona può esaminarlo.",
        "expired": "Quella domanda è scaduta e non è stato fatto nulla. Me lo chieda di nuovo se lo desidera ancora.",
        "changed": "Il suo accesso è cambiato dalla mia domanda, quindi non è stato fatto nulla. Me lo chieda di nuovo.",
        "asking": "Per favore, risponda prima alla mia domanda.",
        "failed": "Non ha funzionato, e non è stato cambiato nulla.",
        "unknown": (
            "Non so dire se sia andato a buon fine. Non riprovo, perché non accada due volte; una persona può controllare."
        ),
    },
    "nl": {
        "yes": "Ja, doe het ({nonce})",
        "no": "Nee",
        "ask": "Bevestigt u dit: {what}.",
        "reply": "Antwoord JA {nonce} om te bevestigen, NEE om te annuleren.",
        "press": "Druk op een knop, of antwoord JA {nonce} om te bevestigen, NEE om te annuleren.",
        "again": "Ik heb het nummer nodig om zeker te zijn.",
        "agent_asked": "Een collega moet dit eerst goedkeuren. Ik heb het gevraagd; er is nog niets gedaan.",
        "verify": "Hiervoor moet ik zeker weten wie u bent. Log in en vraag het me opnieuw.",
        "denied": "Dat kan ik hier niet voor u doen.",
        "limit": "Dat is meer dan ik hier mag, dus ik heb het niet gedaan. Een medewerker kan ernaar kijken.",
        "expired": "Die vraag is verlopen, er is niets gedaan. Vraag het me opnieuw als u het nog wilt.",
        "changed": "U bent anders ingelogd dan toen ik het vroeg, dus er is niets gedaan. Vraag het me opnieuw.",
        "asking": "Beantwoord eerst mijn openstaande vraag.",
        "failed": "Dat is niet gelukt, en er is niets veranderd.",
        "unknown": (
            "Ik kan niet zien of dat gelukt is. Ik probeer het niet opnieuw, zodat het niet twee keer gebeurt; een "
            "medewerker kan het nakijken."
        ),
    },
}


def sentence(name: str, language: str, **places: str) -> str:
    """One of the sentences, in the language or English; ``places`` are put in as they are."""
    known = TEXTS.get(language.partition("-")[0].lower(), TEXTS["en"])[name]
    for place, value in places.items():
        known = known.replace("{" + place + "}", value)
    return known
