"""How English asks an assistant who it is and what it can do.  Data only."""

from __future__ import annotations

from core.steps.about.tongue import Tongue

EN = Tongue(
    parts={
        "like": r"""
            an?|the|any|some|just|really|actually|truly|only|still|even|real|live|living|actual|true|genuine|human
            life
            physical|automated|automatic|artificial|virtual|digital|chat|ai|computer|support|service|considered|like
            programmed
        """,
        "being": r"""
            humans?(?: beings?)?|persons?|people|wom[ae]n|m[ae]n|guy|being|someone|somebody|agent|representative
            operator
            bots?|robots?|chatbots?|chatgpt|machines?|computers?|program(?:me)?s?|software|ai|llm|language model
            intelligence
            automated|automation|assist(?:ant|ance)|real|alive|fake|artificial
        """,
        "is": r"(?:<like> ){0,6}<being>(?: (?:real|live|alive|in real life))?",
        "to": r"""
            (?:talking|speaking|chatting|texting|writing|messaging|connected|talk|speak|chat)(?: now| here)? (?:to|\
                with)
        """,
        "or": r"""
            (?:or|and|not)(?: (?:not|what|are you(?: really)?|is (?:this|it)|am i <to>|<to>|to|with|(?:if|whether) \
                you (?:are|re)))?
        """,
        "kind": r"<is>(?: <or>(?: <is>)?)*",
        "u": r"you|u|ya",
        "are": r"are|r",
        "lot": r"""
            (?:what|which|wat|the|some|a list of|in (?:what|which))(?: (?:all|else|exactly|other|are|the|some|a few|\
                examples? of|of the|(?:kinds?|sorts?|types?) of|things?|stuff|\
                tasks?|topics?|subjects?|questions?|requests?|queries|problems?|issues?|areas?|information|info|help|\
                that)){0,5}
        """,
        "tail": r"""
            (?: (?:for|with|about|to|on|out|of|me|us|you|people|customers|here|today|exactly|all|now|anyway|in)){0,4}
        """,
        "this": r"(?:this|the|your) (?:chat ?bot|chat|bot|chatbot|assistant|ai|chat bot)",
        "by": r"(?: (?:as|by))?",
        "call": r"(?:call|address|refer to|use(?: (?:for|to (?:call|address|refer to)))?)",
        "some": r"something|anything|(?:an?|some|one|my) (?:questions?|problems?|issues?|things?|quer(?:y|ies))",
    },
    around=r"""
        please|pls|plz|so|and|but|or|then|well|wait|um|uh|hmm|oh|yo|also|now|right now|first|first of all|just
        actually|exactly
        anyway|again|there|here|excuse me|by the way|btw|just curious|i m curious|just wondering|quick question
        one question
        thank you|mate|buddy|friend|dude|everyone|sir|madam|assistant|i am new here|i m new here|i think|if|whether
        (?:(?:can|could|would|will|may) (?:you|u|i) (?:please |just )?)?(?:tell me|let me know|inform me|specify|\
            give me|show me|list|name|describe|say)(?: first| please)?
        (?:can|could|may|might) i (?:ask|know)|do you (?:know|mind telling me)|i m wondering|you must tell me
        i (?:need|want|wanna|wish|would like|d like|d love|was wondering|am wondering|wonder)(?: to know)?
    """,
    questions=r"""
        <are> <u>(?: (?:sure you (?:are|re)|a member of the))?(?: not)? <kind>(?: to me)?
        (?:you are|you re|u r|u are|ur|you r)(?: not)? <kind>(?: (?:right|correct|no|aren t you|are you(?: not)?|isn \
            t it))?
        you (?:sound|seem|look)(?: like)? <kind>
        (?:do|would) you (?:identify|consider yourself|think you are|say (?:that )?you are)(?: (?:as|to be))? <kind>
        (?:how (?:do|can) i know|prove)(?: (?:that|if|whether))? you (?:are|re) <kind>|how real are you
        (?:who|what) are you <kind>
        (?:am i|are we|i m|i am|have i been|do i)(?: (?:really|actually|just|now|currently|here|even))* <to> <kind>
        is (?:this|that)(?: (?:just|really|actually|even|an?|the|some|real|live|actual|human|chat))* (?:humans?(?: \
            being)?|person|bots?|robot|chatbot|ai)(?: (?:talking|speaking|answering|writing|chatting)(?: (?:to|\
            with))?(?: me)?)?(?: <or>(?: <is>)?)*
        (?:who|what|who (?:or|and) what)(?: exactly| the hell)? <are> <u>(?: (?:exactly|really|again|anyway))?
        (?:who|what) <u> <are>
        (?:who|whom|what|who or what) (?:am i|are we)(?: \w+ly)? (?:talking|speaking|chatting|writing|texting)(?: \
            (?:to|with))?
        (?:to|with) whom? am i (?:talking|speaking|chatting)|who (?:is|s) (?:this|there|that)|who this
        who (?:is|s) (?:talking|speaking|answering|writing|chatting|replying)(?: (?:to|with))?(?: me)?(?: here)?
        who (?:made|built|created|programmed|trained) you
        (?:who|(?:what|which) company) (?:do you work for|are you (?:working for|from)|made you)
        (?:what|whats|what s|what is|what would|wat is) (?:your|ur|you|the (?:bot|ai|assistant) s) (?:(?:first|full|\
            real|actual|own) )?(?:name|designation)(?: be)?
        (?:(?:can|could|may|might) )?(?:i )?(?:have|get|know|ask(?: for)?|need|want|am needing to know) (?:your|ur) \
            name
        (?:(?:you )?(?:know|state|give me|tell me|provide|say) )?(?:your|ur) (?:full |first )?name
        the (?:ai|bot|assistant|chatbot) s name
        (?:do|does) (?:<u>|the (?:bot|ai|assistant)) (?:have|go by|know|like) (?:an?|any|your) (?:nick)?names?(?: \
            (?:that )?i (?:can|should|could) (?:use|call you(?: by)?))?
        (?:what|how)(?: name)? (?:can|should|do|may|shall|could) (?:i|we|people|they|others) <call> <u><by>
        what (?:to|they|people|i should|i can) call you
        (?:what|how)(?: name)? (?:do|would) you (?:want|like|prefer)(?: me to <call> you| (?:to be|being) (?:called|\
            named|addressed|referred to))?<by>
        what name (?:do|would) you (?:answer to|go by|use|have|like to go by)
        is there a (?:particular |certain )?name i (?:should|can) (?:call you|use)
        (?:what(?: is)? )?(?:the )?name (?:should|can|do|may) (?:i|people) (?:use|call you)(?: (?:for|to|when|refer|\
            call|talking|address|with|you|i))*
        (?:what|how) are you (?:called|named)|what (?:you are|you re) called
        (?:would you like to )?introduce yourself|describe yourself|(?:something |a bit |more )*about (?:you|yourself)
        <lot> (?:can|could|do|would(?= you be able)) (?:<u>|<this>)(?: (?:be|actually|really|even|able to|possibly|\
            all))* (?:do|help|assist|answer|handle|respond|complete|perform)<tail>
        <lot> <u> (?:can|could|(?:are|re) (?:able to|capable of|familiar with|aware of|good at))(?: (?:do|doing|help|\
            assist|answer|answering|all))*<tail>
        <lot> (?:do )?you (?:know|have answers for|respond to|understand)(?: (?:about|well|best|all|anything|\
            something))*
        what(?: (?:kinds?|types?|sorts?) of)? questions do you (?:accept|have (?:a )?(?:response|answer)s? (?:for|to))
        <lot> are you(?: (?:actually|really))?(?: (?:able to|capable of|good|best|familiar|here|made|built|designed|\
            trained|programmed|useful|knowledgeable|knowledgable|versed|well versed|for|at|to|on|in|do|doing|help|\
            helping|answer|answering|assist|about|with|me|us))+
        <lot> (?:can|could|may|should|might|am|do|shall) (?:i|we)(?: (?:able|allowed))?(?: to)? ask(?: (?:of|you|u|\
            <this>|ai|here|all|about|for|help|with|to do))*
        <lot> i (?:can|could|may|should) ask(?: (?:of|you|the ai|about))*
        what can (?:you be asked|i use (?:you|<this>))(?: (?:for|about|to help me with))?
        what (?:is|are|re|s) (?:your|ur) (?:\w+ )?(?:capabilities|capability|functions?|purpose|abilities|skills?|\
            job|role|tasks?|commands?|expertise)(?: here)?
        your capabilities|what (?:skills|abilities|capabilities|functions) do you have
        (?:how|in (?:what|which) ways?) (?:can|could|do|will|would|are) (?:<u>|<this>)(?: (?:be|able to|actually))* \
            (?:help|assist|support|useful|of (?:help|service|assistance|use))(?: (?:me|us|to me|customers|people|out|\
            today|here))*
        how (?:(?:can|do|could|should|would) (?:i|we)|to) (?:use|benefit from using|talk to|work with) (?:you|<this>)
        how (?:does|do|can) <this> (?:work|help(?: me)?)|how do you work
        are there (?:certain |any )?(?:\w+ of )?(?:questions|things|topics) i can(?: t)? ask(?: you)?
        is there anything i can t ask you|can i ask you (?:about )?anything
        (?:could|might|would|must|can) (?:you|this) (?:really |actually |just )?be <kind>|you (?:must|might|could) be <kind>
        (?:am i|are we|i am|i m) having a (?:conversation|chat) with <kind>|is this (?:conversation|chat) with <kind>
        (?:is it|it is|is it true) (?:that )?you (?:are|re) <kind>
        is (?:an? )?<being> (?:talking|speaking|writing|replying) to me
        what (?:kind|sort|type) of (?:being|entity|thing|bot|ai|program|person|assistant) are you
        confirm (?:that |if )?you are <kind>
        do you (?:happen to be|count as) <kind>
        what your (?:(?:full|first|real) )?name is|by what name (?:do you go|should i call you|are you known)
        how do i call you
        (?:would you mind )?(?:telling|giving|sharing|share)(?: me)? your name
        (?:i (?:do not|don t) know|ask you(?: for)?) your name|you have a name
        what (?:help|assistance|support) (?:can|do|could) you (?:give|offer|provide)(?: me| us)?|do you answer questions
        what do you have the ability to do|what (?:is it )?possible to ask you|which topics do you cover
    """,
    openings=r"""
        (?:can|could|would|will|do) (?:<u>|any ?one|some ?one|any ?body|some ?body)(?: (?:please|just|possibly|\
            here))? (?:help|assist|support)(?: (?:me|us|out|please|here|today|with (?:<some>)))*
        (?:i|we)(?: (?:really|just|could|do|also|would|m|am|d|urgently))* (?:need|want|require|use|looking for|\
            like)(?: (?:some|your|a (?:bit|little) of|a little|any|urgent))? (?:help|assistance|support)(?: (?:with \
            (?:<some>)|from you))?
        (?:i need you to )?help(?: (?:me|us|out|please))*|assist me
        i have (?:an?|some|one|another|a few)(?: (?:quick|small|few))? (?:questions?|quer(?:y|ies))
        (?:can|could|may) i ask (?:you )?(?:something|a question|some questions|a few questions)
        how (?:does|do) (?:this|it)(?: (?:all|thing|here))? works?|how to use this|how this works
        (?:what is|what s|whats) this(?: chat| bot)?(?: for)?
        is (?:this|it) (?:an? )?(?:machine|computer|automated|live|program|automatic)
    """,
)
