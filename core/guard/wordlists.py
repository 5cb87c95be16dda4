"""Ordinary words that begin with a capital without being names, by language, folded.  Data only."""

from __future__ import annotations

from collections.abc import Mapping

from core.words import fold, listed


def _folded(words: str) -> frozenset[str]:
    return listed(fold(words))


ORDINARY_CAPITALS = _folded(
    "ok faq faqs id ids am pm ps nb tv pc pcs usb url urls pdf pin sms qr gps vat dvd cd eta asap diy n/a na yes "
    "no not and or usd eur gbp chf jpy sek nok dkk pln brl inr cad aud kb mb gb tb st rd a.m p.m uhr tel nr zb "
    "wifi wi fi"
)

ORDINARY: Mapping[str, frozenset[str]] = {
    "any": _folded("ok okay faq email e-mail mail online app apps internet website web link links pdf sms"),
    "en": _folded(
        "above accept access according accordingly account accounts across actually add additional additionally "
        "additionaly adjust after afterwards again agents alas all allow allows almost alone along already "
        "alright also alternatively although always among answer answers anyway apart apologies apply as ask at "
        "attach avoid back based because become before begin below besides between both bring browse build but "
        "buy call can cancel card cards cause certainly change charge charges check choose clear click close "
        "collect compare complete confirm congratulations connect consider consult contact continue contrary copy "
        "cost costs create currently customer customers cut data date dates dear decide delete deliveries "
        "delivery depending describe despite detail details different disable display do double download drag due "
        "during each earlier edit either else enable end ensure enter especially even eventually every everyone "
        "everything example except exchange exchanges excellent expand expect extra fees few fill filter finally "
        "find fine first follow for fortunately free frequently from further furthermore general get give given "
        "go going good got grab great happy hard hardly has have heads hence here highlight hit hold hope "
        "hopefully hours hover how however if immediately import important in include including indeed info "
        "inform insert inside install instead is issue items just keep kindly last lastly later launch learn "
        "leave less let like likewise list live locate log look lots make many may maybe mean meanwhile members "
        "merge might mind more moreover most mostly move much must name navigate near need neither never "
        "nevertheless new next no nobody none nonetheless normally not note nothing now obtain of off offer often "
        "oh old on once only open optionally options or order orders other others otherwise our out over overall "
        "own pages partial particularly paste pay payment payments people per perfect perhaps pick place plan "
        "plans please plus point possible possibly press prepare previous previously price prices print prior "
        "probably proceed products provide provided put questions quick quickly rather re read ready really "
        "reason recently reconnect refer refresh refund refunds refresh regarding regards regardless register "
        "reinstall remember reminder remove rename repeat replace reply report request requests reset restart "
        "result results retry return returns review right run safe same save say scan screen scroll search second "
        "see select send separate set several share she shipping should show sign simple simply since so some "
        "someone something sometimes soon sorry sort specify standard start steps step still stop store submit "
        "subscribe such summary sure swipe switch switches take talk tap technically tell terms test thank thanks "
        "that the their them then there therefore these they things think third this those though through "
        "throughout thus tick time times tip tips to today together toggle tomorrow too total track transfer try "
        "turn two type typically unable under understood undo unfortunately uninstall unless unlike unlock until "
        "up update updates upgrade upload upon use used users using usually verify very via view visit wait want "
        "warning was watch we welcome well were what whatever when whenever where whereas whether which while who "
        "whole whose why will with within without wonderful work would write wrong yes yesterday yet you your "
        "yours zoom one three four five six seven eight nine ten question answer solution cause problem"
    ),
    "de": _folded(
        "ja nein gerne gern leider naturlich selbstverstandlich bitte danke vielen dank hallo guten tag morgen "
        "abend liebe lieber sehr geehrte sie ihnen ihr ihre ihren ihrem ihrer ihres du dein deine sobald falls "
        "wenn sofern dann danach anschliessend zuerst zunachst ausserdem zudem allerdings jedoch dazu dafur dabei "
        "damit deshalb daher hier dort klicken wahlen offnen geben gehen prufen senden schicken beachten folgen "
        "laden tippen melden starten warten achten falls alternativ innerhalb wahrend nach vor fur ohne mit bei "
        "alle alles jede jeder jedes viele einige diese dieser dieses diesen solche beide normalerweise "
        "grundsatzlich standardmassig kostenlos moglich zusatzlich soll kann konnen durfen mussen werden wird "
        "entschuldigung verstanden einfach direkt"
    ),
    "fr": _folded(
        "oui non bien merci bonjour bonsoir cher chere desole malheureusement cependant toutefois ensuite puis "
        "enfin d'abord apres avant pendant cliquez selectionnez ouvrez allez choisissez saisissez verifiez "
        "envoyez veuillez notez attention voici voila si lorsque quand selon pour dans sur avec sans tous toutes "
        "tout chaque certains plusieurs votre vos notre nos cette cet ces leur leurs actuellement generalement "
        "normalement gratuitement seulement uniquement excusez pardon entendu bienvenue depuis afin sous"
    ),
    "es": _folded(
        "si no claro gracias hola buenos buenas dias tardes estimado estimada lamentablemente desafortunadamente "
        "lo siento sin embargo luego despues antes durante primero finalmente ademas haga haz seleccione "
        "selecciona abra abre vaya ve elija elige introduzca escriba envie compruebe verifique tenga ten tome "
        "nota aqui si cuando segun para en con todos todas todo cada algunos varios su sus nuestro nuestra este "
        "esta estos estas ese esa actualmente normalmente gratis solo solamente perdon entendido bienvenido desde "
        "por puede pueden debe hay usted ustedes"
    ),
    "pt": _folded(
        "sim nao claro obrigado obrigada ola bom boa dia tarde caro cara infelizmente lamento lamentamos no "
        "entanto porem depois antes durante primeiro finalmente alem clique selecione abra va escolha insira "
        "escreva envie verifique confira note aqui se quando segundo para em com todos todas todo cada alguns "
        "varios seu sua seus suas nosso nossa este esta estes estas esse essa atualmente normalmente gratis "
        "apenas somente desculpe entendido bem-vindo desde por pode podem deve ha voce voces aceda"
    ),
    "it": _folded(
        "si no certo grazie ciao buongiorno buonasera gentile purtroppo tuttavia pero poi dopo prima durante "
        "infine inoltre clicca fai faccia seleziona selezioni apri apra vai vada scegli scelga inserisci "
        "inserisca scrivi invia invii verifica verifichi nota ecco se quando secondo per in con tutti tutte tutto "
        "ogni alcuni diversi il la lo le i gli suo sua suoi sue nostro nostra questo questa questi queste "
        "attualmente normalmente gratis solo soltanto scusi mi dispiace capito benvenuto da puo possono deve "
        "lei"
    ),
    "nl": _folded(
        "ja nee graag natuurlijk dank bedankt hallo goedemorgen goedemiddag beste geachte helaas echter "
        "vervolgens daarna eerst ten slotte bovendien klik kies selecteer open ga voer controleer stuur let op "
        "hier als wanneer volgens voor in met zonder alle alles elke sommige meerdere uw jouw je onze ons dit "
        "deze die dat momenteel normaal normaliter gratis alleen slechts sorry begrepen welkom sinds door kan "
        "kunnen moet u binnen na tijdens"
    ),
}

VERBS_AFTER_NAME: Mapping[str, frozenset[str]] = {
    "en": listed(
        "is isn't was lets has had offers does doesn't will won't can can't cannot could should must may allows "
        "provides supports includes requires works uses gives makes takes comes charges ships sends accepts "
        "enables connects runs integrates keeps shows stores costs needs becomes automatically also and"
    ),
    "de": listed("ist war hat bietet kann wird unterstützt ermöglicht kostet liefert"),
    "fr": listed("est était a offre propose peut permet prend coûte livre accepte"),
    "es": listed("es era ha tiene ofrece puede permite cuesta acepta envía incluye"),
    "pt": listed("é era tem oferece pode permite custa aceita envia inclui"),
    "it": listed("è era ha offre può permette consente costa accetta include"),
    "nl": listed("is was heeft biedt kan wordt ondersteunt kost levert accepteert"),
}
"""Words that make the capitalised one before them the subject of a sentence."""

GERMAN_BEFORE_NOUN = _folded(
    "der die das den dem des ein eine einen einem einer eines kein keine keinen keinem keiner mein dein sein ihr "
    "unser euer im am vom zum zur beim ins ans aufs furs jede jeder jedes jeden viele viel mehr wenige wenig alle "
    "allen beide beiden diese dieser dieses diesen welche welcher welches ohne per pro je als und oder sowie bzw "
    "fur nach vor auf uber unter an in aus zu bis ab gegen durch um gratis kostenlos"
)
"""Articles and their like, and prepositions that ordinary nouns follow without one; "bei", "von" and "mit" (Anna) mostly go with
names, so they are left out."""

GERMAN_NOUN_ENDINGS: tuple[str, ...] = tuple(
    listed(
        "ung ungen heit heiten keit keiten schaft schaften tion tionen tat taten nis nisse nissen chen lein ling "
        "linge tum ismus ment mente ierung enz anz ur age agen ik"
    )
)

GERMAN_NOUNS = _folded(
    "abend ablauf abo absatz absender adresse adressen aktion alter anbieter anfang anfrage anfragen angabe "
    "angaben angebot angebote anleitung anruf ansicht anspruch antrag antwort antworten anzahl apps artikel arzt "
    "auftrag auftrage auge ausgabe auskunft ausnahme ausnahmen auswahl ausweis auto bank banken bedarf beginn "
    "beispiel bereich bericht bescheid beschwerde bestellnummer bestellungen besuch betrag betrage bild bilder "
    "blick brief browser buch bucher buro cent chat code datei dateien daten datum dauer dienst dienste dinge "
    "druck eingabe eingang einkauf einkaufe ende entgelt erfolg ergebnis ersatz erstattung euro fall falle farbe "
    "fehler feld felder fenster filiale firma folge form formular formulare foto fotos frage fragen frau freund "
    "freunde frist fristen garantie gebiet gebuhr gebuhren geduld gegenstand geld gerat gerate geschaft geschafte "
    "geschenk gesetz gewicht grad grosse grossen grund grunde gruppe guthaben gutschein gutscheine gutschrift "
    "hand handler haus hause herr hersteller hilfe hinweis hinweise hohe idee inhalt inhalte jahr jahre kabel "
    "kalender karte karten kasse kauf kaufer kaufe kategorie kind kinder klick konto konten kontakt kopie kosten "
    "kraft kreis kunde kunden kundin lager land lander laden leben leistung lieferant lieferzeit liste liter "
    "losung lust mail mails mal mangel markt mass menge meinung mensch menschen menu mitarbeiter mitglied "
    "mitglieder mitte mittel modell moment monat monate mull muster nachricht nachrichten nachweis name namen "
    "netz nummer nummern ort orte ordner paket pakete papier partner passwort pause person personen plan platz "
    "portal post postfach preis preise problem probleme produkt produkte programm prozess prozent punkt punkte "
    "qualitat quelle rabatt rahmen rat raum rechner recht rechte rechnung rechnungen regel regeln reihe reise "
    "rest richtung risiko ruckgabe rucksendung rucksendungen sache sachen schaden schaltflache schein schluss "
    "schritt schritte schutz seite seiten sekunde service shop sicherheit sicht sinn software sommer sonntag "
    "sorge spalte speicher sprache stadt stand start stelle stellen steuer steuern stick stimme stock stoff "
    "strasse stuck stunde stunden suche summe symbol system tabelle tag tage tarif tarife taste team technik teil "
    "teile telefon termin termine text texte thema themen tipp tipps titel ton trick tur uberblick uhr uhrzeit "
    "umfang umtausch unternehmen unterlagen unterschied ursache urlaub verbindung verbraucher verfahren verfugung "
    "vergleich verkauf verkaufer versand versandkosten version vertrag vertrage verwendung video volumen vorgang "
    "vorschlag vorteil vorteile wagen wahl ware waren wasser website weg wege weise welt werbung werk wert werte "
    "wetter wert widerruf winter woche wochen wort worte worter wunsch wunsche zahl zahlen zahlung zahlungen "
    "zeichen zeile zeit zeiten zeitpunkt zeitraum ziel ziele zimmer zins zinsen zoll zubehor zugang zugriff "
    "zustand zweck"
)
