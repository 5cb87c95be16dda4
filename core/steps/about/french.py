"""How French asks an assistant who it is and what it can do.  Data only."""

from __future__ import annotations

from core.steps.about.tongue import Tongue

FR = Tongue(
    parts={
        "like": r"""
            une?|l|la|le|d|de|des|a|avec|bien|juste|vraiment|seulement|simple|simplement|vraie?|reel|reelle|veritable
            vivante?|humaine?|etre
            virtuel|virtuelle|automatique
        """,
        "being": r"""
            humaine?s?|personne|quelqu un|conseillere?|agent|operateur|assistante?|reel|reelle|vivant
            bots?|robots?|chatbots?|chatgpt|machine|ordinateur|ia|intelligence|programme|logiciel|automate|automatise
        """,
        "is": r"""
            (?:<like> ){0,6}<being>(?: (?:reel|reelle|humaine?|physique|artificielle|virtuel|virtuelle|vivante?|\
                automatique|informatique))?
        """,
        "kind": r"<is>(?: (?:ou|et|non)(?: (?:non|pas|plutot|bien|est ce|a|avec|quoi))?(?: <is>)?)*",
        "can": r"""
            pouvez vous|peux tu|pourriez vous|pourrais tu|savez vous|sais tu|vous pouvez|tu peux|vous savez|tu sais
            vous pourriez|tu pourrais
        """,
        "for": r"(?: (?:pour (?:moi|nous)|ici|exactement|au juste|aujourd hui|comme choses))*",
        "bot": r"(?:ce|le|cet|l|votre) (?:chat|bot|chatbot|assistant|robot)",
    },
    around=r"""
        s il (?:vous|te) plait|svp|stp|excusez moi|excuse moi|desolee?|alors|donc|et|mais|ou|au fait|dites(?: moi)?
        dis(?: moi)?|si|est ce que
        (?:pouvez vous|peux tu|pourriez vous) me dire|je (?:voudrais|veux|souhaite|aimerais)(?: bien)? savoir
        je me demande|puis je savoir
        ici|la|exactement|au juste|maintenant|hein|d abord|monsieur|madame
    """,
    questions=r"""
        (?:etes vous|es tu|vous etes|tu es|t es|est ce que (?:vous etes|tu es)) <kind>
        (?:je|on) (?:parle|discute|chatte|echange|communique)(?: (?:ici|la|bien|vraiment|actuellement))* (?:a|avec) \
            <kind>
        (?:parle|discute|chatte|echange) (?:t )?(?:je|on)(?: (?:bien|vraiment|ici))* (?:a|avec) <kind>
        (?:suis je|je suis)(?: (?:bien|vraiment))*(?: en train de (?:parler|discuter|chatter|ecrire))?(?: en \
            (?:ligne|contact|relation))? (?:a|avec) <kind>
        (?:ai je|j ai)(?: bien)? affaire a <kind>
        (?:est ce|c est)(?: (?:bien|vraiment|juste|une?|vraie?))* (?:bot|robot|chatbot|humain|personne|ia)(?: \
            (?:reelle?|humaine|qui (?:me )?(?:repond|parle)))*(?: ou(?: (?:non|pas))?(?: <is>)?)?
        qui (?:etes vous|es tu|tu es|vous etes|est la|parle)|(?:vous etes|tu es|t es|c est) qui|qu (?:es tu|etes vous)
        (?:tu es|vous etes) quoi|qui (?:me|nous) (?:parle|repond|ecrit)
        (?:a|avec) qui (?:ai je|j ai|je parle|parle je|est ce que je parle|suis je(?: en train de parler)?|discute \
            je|je discute)(?: (?:affaire|l honneur))?
        comment (?:vous appelez vous|t appelles tu|tu t appelles|vous vous appelez|(?:dois|puis|peux) je (?:vous|t) \
            appeler)
        (?:vous vous appelez|tu t appelles) comment
        (?:quel est )?(?:votre|ton) (?:nom|prenom)|(?:avez vous|as tu) un nom|presente[zr]? (?:vous|toi)
        parle[zr]? moi de (?:vous|toi)
        (?:que|qu est ce que|ce que) (?:<can>) faire<for>|(?:vous pouvez|tu peux|vous savez|tu sais) faire quoi<for>
        que (?:faites vous|fais tu|savez vous|sais tu)<for>|tu fais quoi<for>
        (?:comment|en quoi|a quoi|sur quoi|avec quoi|de quelle (?:maniere|facon))(?: est ce que)? (?:<can>) (?:m|\
            nous|me|etre) (?:aider|assister|utile|etre utile|renseigner|servir)<for>
        (?:vous pouvez|tu peux) m aider (?:a quoi|en quoi|comment|sur quoi)
        a quoi (?:tu sers|servez vous|sers tu|vous servez)
        quel est (?:votre|ton) role|quelles sont (?:vos|tes) (?:fonctions|capacites|competences)
        (?:quelles?|quel (?:genre|type) de|quels types de) questions? (?:puis je|je peux|est ce que je peux|peut on|\
            on peut) (?:vous |te )?poser
        (?:que|qu est ce que|ce que) (?:puis je|je peux|on peut) (?:vous |te )?demander
        a quelles questions (?:pouvez vous|peux tu) repondre
        comment (?:fonctionne|marche) <bot>|comment (?:tu fonctionnes|fonctionnes tu|fonctionnez vous)
    """,
    openings=r"""
        comment (?:ca|cela) (?:marche|fonctionne)|ca marche comment
        (?:c est quoi|qu est ce que c est)(?: (?:ca|ici|ce chat))?
        (?:<can>|quelqu un peut(?: il)?|qui peut) (?:m|me|nous) (?:aider|assister|renseigner|depanner)
        (?:j ai|nous avons|j aurais) (?:vraiment )?besoin (?:d|de) (?:une |votre |ton |un peu d |l )?(?:aide|\
            assistance|renseignements?|un coup de main)
        (?:a l |besoin d )?aide|aide[zr]? (?:moi|nous)|au secours
        j (?:ai|aurais) (?:juste )?(?:une|des|quelques) (?:petites? )?questions?
        (?:puis je|je peux) (?:vous )?poser une question
    """,
)
