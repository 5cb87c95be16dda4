"""How German asks an assistant who it is and what it can do.  Data only."""

from __future__ import annotations

from core.steps.about.tongue import Tongue

DE = Tongue(
    parts={
        "like": r"""
            eine?|einem|einer|einen|der|die|das|den|dem|nur|bloss?|wirklich|tatsachlich|etwa|denn|eigentlich|hier
            jetzt|gerade|auch|so|mit
            (?:echte|richtige|wirkliche|lebende|reale|automatische|virtuelle|kunstliche|digitale|menschliche)[rnms]?
        """,
        "being": r"""
            mensch(?:en)?|person(?:en)?|mitarbeiter(?:in|n)?|assistent(?:in|en)?|echt|real|menschlich|wesen
            bots?|chatbots?|chatgpt|roboter|maschinen?|computer(?:programm)?|ki|ai|programm|software|intelligenz
            automat|automati(?:sch|siert)
        """,
        "is": r"(?:<like> ){0,6}<being>",
        "kind": r"<is>(?: (?:oder|und|nicht)(?: (?:nicht|was|doch|bist du|sind sie|mit|doch nur))?(?: <is>)?)*",
        "here": r"""
            (?: (?:hier|da|gerade|jetzt|eigentlich|denn|nun|bitte|mich|mir|uns|alles|genau|so|wirklich|mal|am|fur \
                mich|fur uns|kurz))*
        """,
        "you": r"du|sie|ihr",
        "can": r"kannst|konnen|koennen|konnt|konntest|konnten|konntet",
        "talk": r"spreche?|rede?|chatte?|schreibe?|unterhalte|kommuniziere",
        "help": r"helfen|weiterhelfen|behilflich sein|unterstutzen",
    },
    around=r"""
        bitte|entschuldigung|entschuldigen sie|mal|denn|eigentlich|jetzt|so|und|also|oder|hier|zusammen|erst mal
        vielen dank|dankeschon|genau|moment
        sag(?: mir)?(?: mal)?|sagen sie(?: mir)?(?: mal)?
        <can> (?:du|sie) (?:mir )?(?:bitte )?(?:sagen|verraten|erklaren)|darf ich (?:mal )?fragen
        ich (?:mochte|will|wurde|wollte)(?: (?:gern|gerne|mal|nur))* (?:wissen|fragen)|ich frage mich
    """,
    questions=r"""
        (?:(?:bist|sind|seid) <you>|biste) <kind>
        <you> (?:bist|sind|seid)(?: (?:doch|ja))? <kind>(?: (?:richtig|stimmts|gell|nicht wahr|oder))?
        ob <you> <kind> (?:bist|sind|seid)
        <talk> ich<here> mit <kind>|ob ich<here> (?:<talk><here> mit <kind>|mit <kind> (?:<talk>|verbunden bin))
        bin ich<here> mit <kind> (?:verbunden|am chatten|am schreiben)|habe? ich(?: es)?<here> mit <kind> zu tun
        ist (?:das|dies|dieser chat)(?: (?:hier|jetzt|denn|eigentlich|nur|wirklich|etwa|eine?|echter?|richtiger?))* \
            (?:mensch|person|bot|chatbot|roboter|ki|mitarbeiter)(?: oder(?: (?:nicht|was))?(?: <is>)?)?
        (?:antwortet|schreibt|spricht)<here> <kind>
        (?:wer|was|wer oder was) (?:bist|sind|seid) <you><here>|(?:wer|was) <you> (?:bist|sind|seid)
        wer ist (?:da|das|dort|hier)|wer (?:spricht|schreibt|antwortet)<here>
        mit wem (?:<talk> ich|ich|habe? ich(?: es)?)<here>(?: (?:zu tun|das vergnugen|<talk>))?
        wie (?:heisst|heissen|heist) <you><here>|wie <you> (?:heisst|heissen)
        (?:(?:wie|was) ist )?(?:dein|ihr|euer) name|(?:hast du|haben sie) (?:auch )?einen namen
        wie (?:soll|kann|darf) ich (?:dich|sie) nennen|stell dich<here> vor|stellen sie sich<here> vor
        (?:erzahl|sag|erzahlen sie) mir (?:etwas|was|mehr) uber (?:dich|sich)
        was(?: alles)? (?:<can>|weisst|wissen) <you><here>(?: (?:tun|machen|leisten|beantworten|helfen))?
        was <you><here>(?: (?:tun|machen))? <can>
        (?:wobei|womit|wie|bei was|inwiefern) (?:<can> <you><here> <help>|(?:hilfst|helfen) <you><here>|<you><here> \
            <help> <can>)
        (?:was|welche (?:art )?(?:von )?fragen) (?:kann|darf|soll) (?:ich|man)(?: (?:dich|sie|euch|dir|\
            ihnen))?<here> (?:fragen|stellen)
        welche fragen <can> <you><here> beantworten
        wo(?:fur|zu) (?:bist du|sind sie)<here> (?:da|zustandig)|wo(?:fur|zu) bist du(?: (?:gut|gedacht))?
        was (?:machst du|tust du)<here>
        was (?:sind|ist) (?:deine|ihre) (?:aufgaben?|fahigkeiten|funktion(?:en)?)
        wie funktioniert (?:diese[rs]?|der|das) (?:chat|bot|chatbot|assistent)|wie funktionierst du
    """,
    openings=r"""
        wie (?:funktioniert|geht|lauft) (?:das|dies|es)(?: (?:hier|denn|alles|ganze))*|was ist (?:das|dies)(?: hier)?
        (?:<can>|wurden|wurdest) <you><here> <help>|kann mir<here> (?:jemand|einer|wer)<here> helfen
        (?:ich|wir) (?:brauchen?|benotigen?|mochte|hatte gern)(?: (?:deine|ihre|eure|etwas|dringend|mal|bitte|kurz|\
            ein bisschen|ein wenig|hier))* (?:hilfe|unterstutzung)(?: bei (?:etwas|einem problem))?
        hilfe|(?:hilf|helfen sie|helft) (?:mir|uns)
        ich (?:habe?|hatte)(?: (?:mal|noch|nur|da|kurz))* (?:eine|ein paar|einige)(?: (?:kurze|kleine))? fragen?
    """,
)
