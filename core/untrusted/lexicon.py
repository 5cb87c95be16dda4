"""Words of attacks in seven languages, folded, by what they are used for; ``read`` looks a word up once.  Pure."""

from __future__ import annotations

from functools import lru_cache

from core.words import listed, stem


def _beginnings(words_with_spaces: str) -> tuple[str, ...]:
    return tuple(words_with_spaces.split())


(
    TASK,
    LEAD,
    QUESTION,
    POSSESSIVE,
    MACHINE,
    SYSTEM,
    MODE,
    ROLE,
    HYPOTHESIS,
    YIELD,
    TOOL,
    CALL,
    EFFECT,
    FIRST,
    SECOND,
    PEOPLE,
    CLAIM,
    DUTY,
    OUTPUT,
    TEXT,
    IGNORE,
    RULE,
    SECRET,
    PRIVATE,
    TRANSFORM,
    PROMOTE,
    HEAD,
    FIGURE,
) = (1 << at for at in range(28))
"""Classes of words, as bits: one look-up tells all that a word is used for."""

_WORDS = {
    # What people ask of an assistant; a support page's own steps (click, select, open, enter, go) are left out.
    TASK: listed(
        "add analyze analyse answer append apply arrange assemble assume augment book break build calculate capitalize change "
        "choose classify code combine compare compile complete compose compute confirm consider construct convert count craft "
        "create debug decide decode define delete demonstrate describe design detail determine develop disclose discuss display "
        "draft draw elaborate email embed emphasize encode encourage encrypt end enhance enumerate estimate evaluate examine "
        "execute explain explore express extract fetch find finish flip forecast format formulate forward gather generate give "
        "grade group guess highlight identify illustrate imagine implement include incorporate inform insert instruct integrate "
        "interpret introduce invent invite jumble list make mask mention mirror misspell modify name narrate obfuscate offer "
        "organize outline output paraphrase perform persuade pick plan play predict present pretend prioritize print produce "
        "promote proofread propose prove provide quote randomize rank read rearrange recite recommend refer remove render repeat "
        "rephrase replace replicate reply report represent respond restate return reveal reverse revise rewrite say schedule "
        "scramble search send shift show shuffle simulate sing solve sort speak spell start state structure substitute suggest "
        "summarize summarise swap tell think transform translate transliterate type update urge use utilize verify visualize "
        "warn write "
        "erklare beschreibe schreibe ubersetze antworte nenne sage zeige gib erstelle liste fasse wiederhole verwende fuge "
        "explique decris ecris traduis reponds donne dis montre cree liste resume repete utilise ajoute "
        "explica describe escribe traduce responde dime muestra crea enumera resume repite usa anade revela "
        "explique descreva escreva traduza responda diga mostre crie liste resuma repita use adicione "
        "spiega descrivi scrivi traduci rispondi dimmi mostra crea elenca riassumi ripeti usa aggiungi "
        "leg beschrijf schrijf vertaal antwoord noem zeg toon geef maak herhaal gebruik voeg"
    ),
    LEAD: listed(
        "please now then also and first next finally so just kindly instead ok okay oh bitte jetzt por favor maintenant"
    ),
    QUESTION: listed(
        "what what's whats who who's whose which how why when where can could would will do does did is are was were "
        "was wer wie warum wann wo kannst qui que quel quelle comment pourquoi quand ou peux quien cual como donde cuando puedes "
        "quem qual onde pode chi cosa quale quando dove perche puoi wie wat waarom wanneer waar kun"
    ),
    POSSESSIVE: listed(
        "your the this every each any all deine deiner deinen ihre ihrer ta votre tu su sua tua je jouw uw"
    ),
    MACHINE: listed(
        "ai assistant chatbot bot llm gpt chatgpt claude gemini llama anthropic openai model ki assistent assistente asistente "
        "ia chatgpt's copilot agent"
    ),
    SYSTEM: listed(
        "system sysadmin admin administrator developer root jailbreak jailbroken dan god override unrestricted unfiltered sudo "
        "debug maintenance entwickler administrateur administrador amministratore beheerder superuser"
    ),
    MODE: listed(
        "mode prompt message instruction instructions override command role modus modo modalita prompts level access"
    ),
    ROLE: listed(
        "pretend roleplay act imagine suppose hypothetically hypothetical fictional persona immerse simulate assume"
    ),
    HYPOTHESIS: listed(
        "imagine suppose hypothetical hypothetically hypothesis parallel dystopian alien universe fictional scenario "
        "world pretend"
    ),
    YIELD: listed(
        "reveal share tell give print show disclose leak confirm provide display output repeat say know verrate gib sag nenne "
        "zeig donne dis montre revele da dame dime revela comparte diga compartilhe dammi dimmi geef vertel deel write "
        "return dump"
    ),
    TOOL: listed("tool tools function functions api endpoint plugin werkzeug outil herramienta ferramenta strumento"),
    CALL: listed(
        "call invoke execute run use trigger send forward transfer refund delete issue initiate approve grant cancel update rufe "
        "appelle llama chama esegui roep uberweise overmaak"
    ),
    EFFECT: listed(
        "refund refunds transfer payment money funds account order discount coupon credit erstattung remboursement reembolso "
        "rimborso"
    ),
    FIRST: listed(
        "i i'm im i've i'd i'll my me mine we our us ich mir mich mein meine wir je j'ai mon ma mes nous yo mi "
        "mis eu meu minha io mio mia ik mijn"
    ),
    SECOND: listed(
        "you your yours yourself you're you've du dich dir dein deine sie ihr ihre tu te ton vous votre usted "
        "su voce seu lei suo jij je jouw uw"
    ),
    PEOPLE: listed("users user readers reader people customers everyone recipient recipients"),
    CLAIM: listed(
        "god president chief executive creator developer administrator admin boss authority police officer engineer owner "
        "accountant"
    ),
    DUTY: listed("must should shall need have always never only instead muss musst debes dois deve devi moet"),
    HEAD: listed("system assistant developer new instruction instructions end"),
}

_BEGINNINGS = {
    OUTPUT: _beginnings("response reply replies answer output antwort reponse respuesta resposta risposta antwoord"),
    TEXT: _beginnings(
        "response reply replies answer output antwort reponse respuesta resposta risposta antwoord message "
        "sentence summar nachricht mensaje mensagem messaggio bericht"
    ),
    IGNORE: _beginnings(
        "ignor disregard forget forgot overlook overrid bypass neglect discard dismiss vergiss vergess missacht "
        "umgeh oubli neglig olvid omit desconsider esquec dimentic negeer vergeet αγνο"
    ),
    RULE: _beginnings(
        "instruct instruc istruzion anweisung instructie consign directiv direttiv rule regel regle regla regra "
        "regol prompt previous prior above earlier preced anterior vorherig bisherig obig told guideline guardrail "
        "restriction polic everything context training programming eerder vorige προηγ οδηγ conversation limits "
        "filter safety"
    ),
    SECRET: _beginnings(
        "password passcode passphrase passwort kennwort secret geheim motdepasse contrasena senha wachtwoord "
        "credential apikey token confidential clave segreto segredo secreto passwd canary"
    ),
    PRIVATE: _beginnings(
        "birth address balance ssn salary phone email initials residence kontostand saldo geburt record database "
        "customers users user's employee"
    ),
    TRANSFORM: _beginnings(
        "base64 base rot13 cipher caesar morse binary hexadecimal emoji leet pig reverse backward uppercase "
        "lowercase capital vowel consonant letter anagram typo misspell spaces punctuation symbol poem haiku "
        "acrostic rhym song story essay joke encod encrypt scrambl translat spanish french german japanese english "
        "latin unicode html json markdown words alphabet pirate tone style caps format"
    ),
    PROMOTE: _beginnings(
        "promot advertis recommend encourag suggest mention discount offer invit donat vote subscrib download "
        "install visit link headline click highlight persua convinc urg awareness tip"
    ),
}

MAX_LETTERS = 40


@lru_cache(maxsize=32_768)
def read(word: str) -> tuple[int, str]:
    """The classes of a folded word of at most ``MAX_LETTERS``, and the name of its learned weight, "" when it can have none."""
    bits = sum(bit for bit, known in _WORDS.items() if word in known)
    bits |= sum(bit for bit, starts in _BEGINNINGS.items() if word.startswith(starts))
    if word[0].isdigit():
        return bits | FIGURE, ""
    return bits, f"w:{stem(word)}" if word.isascii() else ""
