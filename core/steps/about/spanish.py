"""How Spanish asks an assistant who it is and what it can do.  Data only."""

from __future__ import annotations

from core.steps.about.tongue import Tongue

ES = Tongue(
    parts={
        "like": r"""
            una?|el|la|solo|realmente|verdaderamente|simplemente|real|verdader[oa]|viv[oa]|ser|human[oa]|asistente
            agente|con|automatic[oa]
            virtual|programa de
        """,
        "being": r"""
            human[oa]s?|persona|alguien|agente|operador[a]?|asistente|real
            bots?|robots?|chatbots?|chatgpt|maquina|computadora?|ordenador|ia|inteligencia|programa|software
            automatic[oa]|automatizad[oa]|contestador
        """,
        "is": r"""
            (?:<like> ){0,6}<being>(?: (?:real|de verdad|human[oa]|artificial|virtual|automatic[oa]|viv[oa]|\
                informatico))?
        """,
        "kind": r"<is>(?: (?:o|u|y|no)(?: (?:no|eres|es|con|que|estoy hablando con|mas bien))?(?: <is>)?)*",
        "talk": r"hablando|chateando|conversando|escribiendo|platicando|tratando",
        "for": r"(?: (?:por mi|para mi|por nosotros|aqui|exactamente|usted|tu|vos|hoy|ustedes))*",
        "can": r"puedes|puede|podes|pueden|podrias|podria|podrian",
    },
    around=r"""
        por favor|porfa|perdon|perdona|perdone|disculpa|disculpe|oye|oiga|y|o|pero|entonces|pues|bueno|ahora|aqui
        exactamente|buen dia|que tal|primero|muchas
        (?:me )?(?:puedes|puede|podrias|podria) (?:decirme|decir)|dime|digame
        (?:quiero|quisiera|me gustaria|necesito) saber|me pregunto|si|una pregunta
    """,
    questions=r"""
        (?:tu |usted |vos )?(?:eres|es|sos|son ustedes|usted es)(?: (?:tu|usted|vos))? <kind>(?: (?:verdad|cierto))?
        (?:estoy|estamos)(?: (?:realmente|ahora))? (?:<talk>|en contacto)(?: (?:realmente|ahora|aqui))? con <kind>
        (?:hablo|chateo|trato)(?: aqui)? con <kind>
        (?:esto|este chat|este) es (?:una? )?(?:bot|robot|chatbot|persona|human[oa]|ia|maquina)(?: (?:real|de verdad|\
            human[oa]))?
        es esto (?:una? )?(?:bot|robot|chatbot|persona|human[oa]|ia)(?: real)?
        me (?:responde|atiende|contesta|habla) <kind>
        (?:quien|que|quien o que) (?:eres|es usted|sos|es|son ustedes)(?: (?:tu|vos))?|(?:tu|usted) quien (?:eres|es)
        quien (?:habla|me habla|me atiende|responde|me responde|me escribe|esta ahi)
        con quien (?:hablo|estoy (?:<talk>)|tengo el (?:gusto|placer)(?: de hablar)?|chateo|trato)
        como (?:te llamas|se llama(?: usted)?|te puedo llamar|puedo llamarte|le puedo llamar|debo llamarte)
        (?:cual es )?(?:tu|su) nombre|(?:tienes|tiene(?: usted)?) nombre
        presentate|presentese|(?:cuentame|hablame) (?:algo )?(?:de|sobre) ti
        que (?:cosas |mas |todo )?(?:<can>|sabes|sabe) (?:usted |tu |ustedes )?hacer<for>
        lo que (?:<can>|sabes|sabe) hacer<for>|que (?:haces|hace usted)<for>|que sabes
        (?:(?:en|con|a|de|sobre) )?(?:que|como|que cosas|que temas|que forma|que manera) (?:me |nos )?(?:<can>) \
            (?:usted |tu )?(?:ayudar(?:me|nos)?|asistir(?:me)?|servir(?:me)?|apoyar(?:me)?|hacer por mi)<for>
        (?:en que|como) me (?:ayudas|ayuda)
        que (?:cosas |mas )?(?:te |le )?(?:puedo|podria) (?:preguntar|pedir|consultar)(?:te|le)?
        que (?:tipo de |clase de )?preguntas (?:te |le )?(?:puedo hacer(?:te|le)?|puedes (?:contestar|responder)|\
            respondes)
        para que (?:sirves|estas|sirve usted)|cuales son (?:tus|sus) (?:funciones|capacidades|habilidades)
        cual es tu (?:funcion|trabajo)
        como funciona (?:este|el|la) (?:chat|bot|chatbot|asistente)|como funcionas
    """,
    openings=r"""
        como funciona(?: (?:esto|todo esto|aqui))?|esto como funciona|que es esto
        (?:me |nos |alguien )?(?:<can>) (?:usted |alguien )?(?:ayudar(?:me|nos)?|asistirme|echarme una mano)
        me (?:ayudas|ayuda|ayudan)|alguien me puede ayudar
        (?:necesito|quiero|requiero|necesitaria)(?: (?:tu|su|una|un poco de|algo de|mas|pedir))* (?:ayuda|asistencia|\
            soporte)
        necesito que me (?:ayudes|ayude|ayuden)
        ayuda|ayudame|ayudeme|ayudenme|auxilio
        (?:tengo|tenia) (?:una|un par de|unas|algunas) (?:preguntas?|dudas?|consultas?)
        (?:te |le )?puedo (?:hacer|preguntar)(?:te|le)? (?:una pregunta|algo)
    """,
)
