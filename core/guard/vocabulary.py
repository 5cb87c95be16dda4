"""Words for months, days, units, money and numbers in seven languages, folded, each with what it stands for.  Data only."""

from __future__ import annotations

from collections.abc import Mapping

from core.words import listed

_MONTHS = (
    "january januar janvier enero janeiro gennaio januari jan janv ene gen",
    "february februar fevrier febrero fevereiro febbraio februari feb fev fevr febr",
    "march marz maerz mars marzo marco maart mar mrz",
    "april avril abril aprile apr avr abr",
    "may mai mayo maio maggio mei mag",
    "june juni juin junio junho giugno jun giu",
    "july juli juillet julio julho luglio jul juil lug",
    "august aout agosto augustus aug",
    "september septembre septiembre setiembre setembro settembre sep sept",
    "october oktober octobre octubre outubro ottobre oct okt ott",
    "november novembre noviembre novembro nov",
    "december dezember decembre diciembre dezembro dicembre dec dez dic",
)
MONTHS: Mapping[str, int] = {word: n for n, line in enumerate(_MONTHS, 1) for word in line.split()}

AMBIGUOUS_MONTHS = listed("may march mars mar mai mei mag gen dec jan ene sep")
"""Also ordinary words or names: without a day or a year beside them they count as months only where capitalised in a sentence."""

_WEEKDAYS = (
    "monday mondays montag montags lundi lunes segunda-feira lunedi maandag",
    "tuesday tuesdays dienstag dienstags mardi martes terca-feira martedi dinsdag",
    "wednesday wednesdays mittwoch mittwochs mercredi miercoles quarta-feira mercoledi woensdag",
    "thursday thursdays donnerstag donnerstags jeudi jueves quinta-feira giovedi donderdag",
    "friday fridays freitag freitags vendredi viernes sexta-feira venerdi vrijdag",
    "saturday saturdays samstag samstags sonnabend samedi sabado sabados sabato zaterdag",
    "sunday sundays sonntag sonntags dimanche domingo domingos domenica zondag",
)
WEEKDAYS: Mapping[str, int] = {word: n for n, line in enumerate(_WEEKDAYS) for word in line.split()}

_UNITS = {
    "second": "second seconds sec secs sekunde sekunden seconde secondes segundo segundos secondo secondi seconden",
    "minute": "minute minutes min mins minuten minuto minutos minuti minuut",
    "hour": "hour hours hr hrs stunde stunden heure heures hora horas ora ore uur uren",
    "day": "day days tag tage tagen tages jour jours dia dias giorno giorni dag dagen",
    "business day": "werktag werktage werktagen arbeitstag arbeitstage arbeitstagen werkdag werkdagen",
    "week": "week weeks woche wochen semaine semaines semana semanas settimana settimane weken",
    "month": "month months monat monate monaten monats mois mes meses mese mesi maand maanden",
    "year": "year years yr yrs jahr jahre jahren jahres an ans annee annees ano anos anno anni jaar jaren",
}
UNITS: Mapping[str, str] = {word: unit for unit, line in _UNITS.items() for word in line.split()}

BUSINESS = listed(
    "business working work bank banking laborables habiles uteis ouvrables ouvres lavorativi lavorativo lavorative"
)
"""Words that make days business days, before the unit or behind it."""

_CURRENCIES = {
    "usd": "$ us$ usd dollar dollars dolar dolares",
    "eur": "€ eur euro euros",
    "gbp": "£ gbp pound pounds pfund",
    "jpy": "¥ jpy yen",
    "chf": "chf franken francs",
    "inr": "₹ inr rupees",
    "cad": "cad ca$ c$",
    "aud": "aud a$ au$",
    "sek": "sek",
    "nok": "nok",
    "dkk": "dkk",
    "pln": "pln",
    "brl": "brl r$ reais",
}
CURRENCIES: Mapping[str, str] = {word: code for code, line in _CURRENCIES.items() for word in line.split()}

PERCENT = ("%", "percent", "per cent", "prozent", "pour cent", "por ciento", "por cento", "per cento", "procent")

MEASURES = listed(
    "kb mb gb tb kib mib gib kbps mbps gbps mg g kg lb lbs oz km cm mm m ft in mi px dpi ppi ms hz khz mhz ghz "
    "v w kw kwh "
    "mah ah ml cl l mp fps rpm °c °f k pt dpi bit bits byte bytes pixels pixel miles inches feet"
)
"""Units of quantities; those written without a space before them are told from product codes by this list."""

_NUMBERS = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen "
    "eighteen nineteen twenty",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn "
    "siebzehn "
    "achtzehn neunzehn zwanzig",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept "
    "dix-huit "
    "dix-neuf vingt",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis "
    "diecisiete "
    "dieciocho diecinueve veinte",
    "pt": "zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezesseis dezessete "
    "dezoito "
    "dezenove vinte",
    "it": "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici "
    "sedici "
    "diciassette diciotto diciannove venti",
    "nl": "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien "
    "zeventien "
    "achttien negentien twintig",
}
_TENS = {
    "en": {
        "thirty": 30,
        "forty": 40,
        "fifty": 50,
        "sixty": 60,
        "seventy": 70,
        "eighty": 80,
        "ninety": 90,
        "hundred": 100,
        "thousand": 1000,
    },
    "de": {"dreißig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60, "neunzig": 90, "hundert": 100, "tausend": 1000},
    "fr": {"trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60, "cent": 100, "mille": 1000},
    "es": {"treinta": 30, "cuarenta": 40, "cincuenta": 50, "sesenta": 60, "noventa": 90, "cien": 100, "mil": 1000},
    "pt": {
        "trinta": 30,
        "quarenta": 40,
        "cinquenta": 50,
        "sessenta": 60,
        "noventa": 90,
        "cem": 100,
        "mil": 1000,
        "duas": 2,
    },
    "it": {"trenta": 30, "quaranta": 40, "cinquanta": 50, "sessanta": 60, "novanta": 90, "cento": 100, "mille": 1000},
    "nl": {"dertig": 30, "veertig": 40, "vijftig": 50, "zestig": 60, "negentig": 90, "honderd": 100, "duizend": 1000},
}
NUMBER_WORDS: Mapping[str, Mapping[str, int]] = {
    code: {**{word: n for n, word in enumerate(line.split()) if n > 1}, **_TENS[code]}
    for code, line in _NUMBERS.items()
}
"""Language → number word → number; "one" is an article in most of these languages and tells nothing."""
