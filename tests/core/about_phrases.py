"""How newcomers ask an assistant who it is, and what only looks like it.  Data only; a phrase a line."""

from __future__ import annotations

from collections.abc import Mapping

ASKED: Mapping[str, str] = {
    "en": """
        Who are you?
        Are you a bot?
        am I talking to a human?
        What can you do?
        what can you help me with
        How does this work?
        help
        Hi, who are you?
        sorry, are you a real person?
        can you help me?
        I need help
        are you a real person?
        is this a bot?
        What is your name?
        whats ur name
        who r u
        are u a bot
        Are you human or a robot?
        am I chatting with a real persn
        Hello! Can you please help me?
        Is this a real person or a bot?
        who am I talking to
        are you an AI
        are you ai?
        tell me who you are
        hey are you a computer
        Who are you and what can you do?
        Hi! Who are you? Are you a bot?
        what do you do
        HELP!!!
        i need some help please
        how can you help me
        what can I ask you?
        Are you sure you're not a bot?
        /help
        Do I speak with a human or a machine?
        Am I speaking to a chatbot
        Can someone help me?
        what are you?
        please help me
    """,
    "de": """
        Wer bist du?
        Wer sind Sie?
        Bist du ein Bot?
        Sind Sie ein Mensch?
        Spreche ich mit einem Menschen?
        Rede ich mit einem echten Menschen oder einem Bot?
        Was kannst du?
        Was können Sie alles?
        Wobei können Sie mir helfen?
        Wie funktioniert das hier?
        Hilfe
        Ich brauche Hilfe
        Können Sie mir helfen?
        Hallo, kannst du mir helfen?
        Wie heißt du?
        Wie heißen Sie?
        Ist das ein Bot?
        Bist du ein Roboter?
        Bist du eine KI?
        Entschuldigung, sind Sie eine echte Person?
        Mit wem spreche ich?
        Chatte ich hier mit einem echten Menschen?
        Was kannst du für mich tun?
        Was kann ich dich fragen?
        Können Sie mir sagen, ob ich mit einem Menschen spreche?
        bist du ein mensh?
        Wie kannst du mir helfen?
        Ich habe eine Frage
        Habe ich es mit einem Menschen zu tun?
    """,
    "fr": """
        Qui êtes-vous ?
        Qui es-tu ?
        Êtes-vous un robot ?
        Es-tu un humain ?
        Est-ce que je parle à un humain ?
        Je parle à une vraie personne ?
        Que pouvez-vous faire ?
        Qu'est-ce que tu peux faire ?
        Comment pouvez-vous m'aider ?
        En quoi pouvez-vous m'aider ?
        Comment ça marche ?
        Aide
        aidez-moi
        J'ai besoin d'aide
        Pouvez-vous m'aider ?
        Bonjour, pouvez-vous m'aider s'il vous plaît ?
        Comment vous appelez-vous ?
        Comment tu t'appelles ?
        C'est un bot ?
        Êtes-vous une vraie personne ou un robot ?
        Excusez-moi, êtes-vous une personne réelle ?
        Suis-je en train de parler à un robot ?
        À qui ai-je affaire ?
        Vous êtes qui ?
        T'es un bot ?
    """,
    "es": """
        ¿Quién eres?
        ¿Quién es usted?
        ¿Eres un bot?
        ¿Eres humano?
        ¿Eres una persona real?
        ¿Estoy hablando con una persona?
        ¿Hablo con una persona real?
        ¿Hablo con un robot?
        ¿Qué puedes hacer?
        ¿En qué me puedes ayudar?
        ¿Cómo puede ayudarme?
        ¿Cómo funciona esto?
        ayuda
        Necesito ayuda
        ¿Puede ayudarme?
        ¿Me puedes ayudar?
        Hola, ¿me puede ayudar por favor?
        ¿Cómo te llamas?
        ¿Cómo se llama usted?
        ¿Es esto un bot?
        Perdón, ¿es usted una persona real?
        ¿Con quién hablo?
        ¿Eres un robot o una persona?
        ¿Qué te puedo preguntar?
    """,
    "pt": """
        Quem é você?
        Quem és tu?
        Você é um robô?
        És um bot?
        Você é humano?
        Estou falando com uma pessoa?
        Estou a falar com uma pessoa real?
        Falo com uma pessoa?
        O que você pode fazer?
        Em que você pode me ajudar?
        Como pode me ajudar?
        Como isso funciona?
        ajuda
        Preciso de ajuda
        Pode me ajudar?
        Você pode me ajudar?
        Olá, pode ajudar-me por favor?
        Qual é o seu nome?
        Como você se chama?
        Isso é um bot?
        Desculpe, você é uma pessoa de verdade?
        Com quem estou falando?
        Você é um robô ou uma pessoa?
        O que posso perguntar?
    """,
    "it": """
        Chi sei?
        Chi è lei?
        Sei un bot?
        Sei umano?
        Sei una persona reale?
        Sto parlando con una persona?
        Parlo con una persona vera?
        Parlo con un operatore?
        Cosa puoi fare?
        Che cosa sai fare?
        Come puoi aiutarmi?
        In cosa puoi aiutarmi?
        Come funziona?
        aiuto
        Ho bisogno di aiuto
        Puoi aiutarmi?
        Mi può aiutare?
        Ciao, mi puoi aiutare per favore?
        Come ti chiami?
        Come si chiama?
        Questo è un bot?
        Scusi, lei è una persona vera?
        Con chi parlo?
        Sei un robot o una persona?
        Cosa posso chiederti?
    """,
    "nl": """
        Wie ben je?
        Wie bent u?
        Ben je een bot?
        Bent u een mens?
        Spreek ik met een mens?
        Praat ik met een echt persoon?
        Praat ik met een robot?
        Wat kun je doen?
        Wat kan je allemaal?
        Waarmee kun je me helpen?
        Hoe werkt dit?
        hulp
        Ik heb hulp nodig
        Kunt u mij helpen?
        Kun je me helpen?
        Hallo, kunt u me helpen alstublieft?
        Hoe heet je?
        Hoe heet u?
        Is dit een bot?
        Sorry, bent u een echt persoon?
        Met wie spreek ik?
        Ben je een robot of een mens?
        Ben ik met een mens aan het praten?
        Wat kan ik je vragen?
    """,
}

OTHERWISE: Mapping[str, str] = {
    "en": """
        who are you delivering with
        what can you do about my broken hose
        can you help me with my order
        are you open on Sunday
        are you a member of the garden guild
        what can you ship
        help, my plant died
        I want to talk to a human
        real person please
        human
        is there a human here?
        can I talk to a person?
        are you delivering on Sunday?
        what do you offer
        how do I use this pump
        who are you shipping with
        Are you a Dutch company?
        what is your phone number
        what is your address
        what is your return policy
        do you have a store
        is this a real diamond
        is it artificial grass
        are they real
        are you real estate agents?
        I need help with my order
        can you help me find a hose
        what can I do
        who is your CEO
        What are you selling
        can I ask for a refund
        are you hiring
        what do you know about roses
        what is the name of this plant
        Is this robot mower loud?
        do you sell robots
        are your machines automatic?
        your computer
        what do you sell
        how can I contact you
        Who do I talk to about a refund?
        can a human help me with this?
        get me a human
        where are you
        are you there
        I don't want to talk to a bot
        what can you tell me about delivery
        what do you accept
        help desk number
        your name is on my invoice
        are you going to refund me
        what happened to you
        how are you
        can you call me
        are you human? I want to talk to a person
    """,
    "de": """
        Wer seid ihr und wo ist mein Paket
        Können Sie mir mit meiner Bestellung helfen?
        Ich möchte mit einem Menschen sprechen
        Kann ich mit einem Menschen sprechen?
        Mensch
        Was kannst du gegen Blattläuse empfehlen?
        Sind Sie am Sonntag geöffnet?
        Hilfe, meine Pflanze ist tot
        Wie funktioniert die Rückgabe?
        Was kostet das?
        Verbinden Sie mich mit einem Mitarbeiter
        Wer liefert?
        Was können Sie mir empfehlen?
        Haben Sie Roboter?
        Wie heißt die Pflanze?
        Wofür sind sie gut?
    """,
    "fr": """
        Je voudrais parler à un humain
        Puis-je parler à une personne ?
        Il faut que je parle à un conseiller
        Pouvez-vous m'aider avec ma commande ?
        Êtes-vous ouverts le dimanche ?
        Que pouvez-vous faire pour ma commande ?
        Comment ça marche, le retour ?
        Qui livre ?
        aide pour ma commande
        Quel est votre numéro ?
    """,
    "es": """
        Quiero hablar con una persona
        ¿Puedo hablar con un humano?
        ¿Me puede ayudar con mi pedido?
        ¿Están abiertos el domingo?
        ¿Cómo funciona la devolución?
        ayuda, mi planta se murió
        ¿Qué pueden enviar?
        ¿Quién entrega?
        Páseme con un agente
    """,
    "pt": """
        Quero falar com uma pessoa
        Posso falar com um atendente?
        Pode me ajudar com meu pedido?
        Vocês estão abertos no domingo?
        Como funciona a devolução?
        ajuda, minha planta morreu
        Quem entrega?
    """,
    "it": """
        Voglio parlare con una persona
        Posso parlare con un operatore?
        Mi può aiutare con il mio ordine?
        Siete aperti la domenica?
        Come funziona il reso?
        aiuto, la mia pianta è morta
        Chi consegna?
        mi passi un operatore
    """,
    "nl": """
        Ik wil met een mens praten
        Kan ik met een medewerker spreken?
        Kunt u me helpen met mijn bestelling?
        Bent u open op zondag?
        Hoe werkt retourneren?
        help, mijn plant is dood
        Wie bezorgt er?
        Wat kunt u leveren?
    """,
}

MEANT_FOR_PEOPLE = """
    I want to talk to a human
    real person please
    can I talk to a real person?
    Are you a bot? I want to talk to a human.
    Am I talking to a bot? Human please!
    are you human or can I talk to a person
    Bist du ein Bot? Ich möchte mit einem Menschen sprechen.
    Kann ich mit einem Menschen sprechen?
    Êtes-vous un robot ? Je voudrais parler à un conseiller.
    Il faut que je parle à un humain
    ¿Eres un bot? Quiero hablar con una persona
    Você é um robô? Quero falar com um atendente
    Sei un bot? Vorrei parlare con un operatore
    Ben je een bot? Ik wil graag een medewerker spreken
"""
NOT_FOR_PEOPLE = """
    Am I talking to a human? My parcel is late.
    Spreche ich mit einem Menschen? Meine Bestellung fehlt.
    Est-ce que je parle à un humain ? Ma commande est en retard.
    ¿Hablo con una persona real? Mi pedido no llega.
    Falo com uma pessoa? O meu pedido não chegou.
    Parlo con un operatore? Il mio pacco non arriva.
    Spreek ik met een mens? Mijn pakket is te laat.
"""
