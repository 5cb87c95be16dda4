"""Whether a sentence tells what to do: it names its purpose ("To change it, …") or begins with an instruction.  Pure.

Lists of seven languages, of which the suites know the English one: in others the features keep what was learnt from that.
"""

from __future__ import annotations

import re

_PURPOSE = re.compile(
    r"\W*(?:to [a-z]+|in order to|um (?:\w+ ){1,8}zu|pour (?:\w+r|\w+re)|para \w+r|per \w+re|om (?:\w+ ){1,8}te)\b",
    re.IGNORECASE,
)
_VERBS = """
add allow apply avoid call change charge check choose clean clear click close configure connect contact copy create delete disable
do download drag edit enable ensure enter fill find follow get give go hold hover install keep leave let log look make move
navigate open pay place press provide pull push put read refer remove repeat replace reset restart run save scroll search see
select send set sign specify start stop submit switch take tap tell test turn type uninstall update upgrade upload use verify view
visit wait write
öffnen wählen klicken drücken gehen geben prüfen stellen legen bitte
ouvrez choisissez cliquez appuyez allez entrez vérifiez
abra elija seleccione haga pulse vaya introduzca compruebe
clique escolha selecione prima introduza verifique
apri aprite scegli scegliete clicca cliccate premi premete seleziona selezionate inserisci
klik kies druk ga vul controleer
"""
_INSTRUCTS = re.compile(rf"\W*(?:{'|'.join(_VERBS.split())})\b", re.IGNORECASE)


def names_purpose(text: str) -> bool:
    """Whether a sentence begins with what it is good for: "To return an item, …"."""
    return bool(_PURPOSE.match(text))


def instructs(text: str) -> bool:
    """Whether a sentence begins with an instruction: "Click …", "Öffnen Sie …"."""
    return bool(_INSTRUCTS.match(text))
