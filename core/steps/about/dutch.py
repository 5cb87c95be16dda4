"""How Dutch asks an assistant who it is and what it can do.  Data only."""

from __future__ import annotations

from core.steps.about.tongue import Tongue

NL = Tongue(
    parts={
        "like": r"""
            een|de|het|n|(?:echt|levend|menselijk|virtueel|digitaal|automatisch)e?|werkelijk|gewoon|alleen|maar|nu
            eigenlijk|wel|hier|kunstmatige|met
        """,
        "being": r"""
            mens(?:en)?|persoon|iemand|medewerker|assistent|echt|menselijk
            bots?|robots?|chatbots?|chatgpt|machine|computer(?:programma)?|ai|programma|software|intelligentie
            (?:ge)?automatis(?:ch|eerd)
        """,
        "is": r"(?:<like> ){0,6}<being>(?: van vlees en bloed)?",
        "kind": r"<is>(?: (?:of|en|niet)(?: (?:niet|ben je|bent u|met|toch|praat ik met))?(?: <is>)?)*",
        "you": r"je|jij|u|jullie|ge",
        "can": r"kan|kun|kunt|kunnen",
        "me": r"me|mij|ons",
        "here": r"""
            (?: (?:hier|nu|eigenlijk|dan|precies|allemaal|zoal|nou|echt|wel|even|misschien|vandaag|voor <me>|<me>|\
                mee))*
        """,
        "bot": r"(?:deze|de|dit|het) (?:chat|bot|chatbot|assistent)",
    },
    around=r"""
        alsjeblieft|alstublieft|aub|graag|excuseer|en|maar|dus|dan|nu|hier|eigenlijk|precies|zeg|eens|of|eerst|dag
        een vraagje
        (?:kun|kan|kunt) (?:je|u) (?:me|mij) (?:zeggen|vertellen)|(?:zeg|vertel)(?: me| mij)?(?: eens)?
        ik (?:wil|zou|wilde)(?: graag)? weten
        ik vraag me af|mag ik (?:weten|vragen)
    """,
    questions=r"""
        (?:ben|bent|zijn) <you> <kind>|<you> (?:bent|ben|zijn)(?: toch)? <kind>(?: (?:toch|he))?
        <you> <kind> (?:bent|ben)
        (?:praat|spreek|chat|schrijf|typ) ik<here> (?:met|tegen) <kind>|ik<here> met <kind> (?:praat|spreek|chat)
        ben ik<here> (?:aan het (?:praten|chatten|spreken)|in gesprek|verbonden) (?:met|tegen) <kind>
        ben ik<here> (?:met|tegen) <kind> (?:aan het (?:praten|chatten|spreken)|in gesprek|verbonden)
        heb ik<here> met <kind> te maken
        is (?:dit|dat)(?: (?:hier|nu|eigenlijk|gewoon|echte?|een))* (?:mens|persoon|bot|robot|chatbot|medewerker|\
            ai)(?: of(?: niet)?(?: <is>)?)?
        (?:wie|wat|wie of wat) (?:ben|bent|zijn) <you><here>|wie is (?:dit|dat|daar)|(?:wie|wat) <you> (?:bent|ben)
        met wie (?:spreek|praat|chat|heb) ik<here>(?: te maken| het genoegen)?|met wie ik (?:spreek|praat|chat)
        hoe (?:heet (?:je|jij|u)|heten jullie|je heet|u heet|mag ik (?:je|u) noemen)|(?:wat is )?(?:je|jouw|uw) naam
        (?:heb je|heeft u) een naam
        stel (?:je|jezelf|u)(?: eens)? voor|vertel(?: eens)? (?:iets|wat) over (?:jezelf|uzelf)
        wat <can> <you><here>(?: (?:doen|betekenen))?<here>|wat <you><here>(?: doen)? <can>(?: doen)?
        wat (?:doe|weet) <you><here>
        (?:waarmee|waar|hoe|op welke manier) <can> <you><here> (?:helpen|van dienst zijn|bijstaan)<here>
        waarmee help <you><here>
        wat (?:kan|mag) ik(?: (?:aan|je|u|jou))*<here> vragen
        (?:welke|wat voor)(?: soort)? vragen (?:kan|mag) ik(?: je| u)?<here> stellen
        welke vragen <can> <you> beantwoorden
        waarvoor (?:ben je|dien je|bent u)|waar (?:ben je|dien je) voor
        wat (?:zijn|is) (?:je|jouw|uw) (?:functies?|mogelijkheden|taak|taken)
        hoe werkt <bot>|hoe werk (?:je|jij)
    """,
    openings=r"""
        hoe werkt (?:dit|het|dat)(?: (?:hier|eigenlijk|allemaal))*|wat is dit(?: hier)?
        (?:<can>|zou|wil|wilt) <you><here> (?:helpen|verder helpen|assisteren)|kan (?:iemand|er iemand)<here> helpen
        (?:ik|wij|we) (?:heb|hebben|zoek|wil)(?: (?:even|wat|uw|je|jouw|dringend|graag|hier))* (?:hulp|\
            ondersteuning)(?: nodig)?(?: bij iets)?
        hulp|help(?: (?:<me>))?(?: even)?
        ik (?:heb|had)(?: (?:nog|even))? (?:een|een paar|wat) (?:vraag|vraagje|vragen)
        mag ik (?:je |u )?(?:iets|wat|een vraag) (?:vragen|stellen)
    """,
)
