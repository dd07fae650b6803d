"""People, places, companies and prose that do not exist: the functions of `std.*` modules, drawn from word lists.

Addresses and numbers are such as nobody has: domains that RFC 2606 reserves, and telephone numbers that regulators keep
for fiction. Compile time only.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

from clawc.compiler.generate import Source, drawn
from clawc.compiler.word_lists import word_list, words
from clawc.stdlib.checks.values import Unmet

DOMAINS = ("example.com", "example.net", "example.org")
_RESERVED = re.compile(r"([a-z0-9-]+\.)*(example\.(com|net|org)|[a-z0-9-]+\.(example|test|invalid))")
# Numbers for fiction, `#` for any digit: NANPA 555-0100 to 0199, Ofcom, BNetzA, ARCEP, PTS.
_PHONES = {
    "en-gb": ("020 7946 0###", "0161 496 0###", "0121 496 0###", "0131 496 0###", "029 2018 0###", "07700 900###"),
    "de": ("030 23125 ###", "040 66969 ###", "069 90009 ###", "089 99998 ###", "0221 4710 ###"),
    "fr": ("01 99 00 ## ##", "02 61 91 ## ##", "03 53 01 ## ##", "04 65 71 ## ##", "05 36 49 ## ##", "06 39 98 ## ##"),
    "sv": ("031-390 06 ##", "040-628 04 ##", "08-465 004 ##", "0980-319 2##"),
}  # fmt: skip
_LEGAL_FORMS = {
    "en": ("Inc.", "Corp.", "LLC", "Ltd."), "en-gb": ("Ltd", "PLC", "LLP"), "de": ("GmbH", "AG", "KG", "GmbH & Co. KG"),
    "fr": ("SARL", "SA", "SAS"), "sv": ("AB", "HB", "KB"),
}  # fmt: skip
_DEPARTMENTS = {
    "en": ("Accounting", "Customer Service", "Engineering", "Facilities", "Finance", "Human Resources", "IT", "Legal", "Logistics",
           "Marketing", "Operations", "Procurement", "Quality", "Research", "Sales"),
    "de": ("Buchhaltung", "Einkauf", "Entwicklung", "Finanzen", "IT", "Kundendienst", "Logistik", "Marketing", "Personal", "Qualität",
           "Recht", "Vertrieb"),
    "fr": ("Achats", "Commercial", "Comptabilité", "Finances", "Informatique", "Juridique", "Logistique", "Marketing", "Production",
           "Qualité", "Recherche", "Ressources humaines"),
    "sv": ("Ekonomi", "Forskning", "Försäljning", "Inköp", "IT", "Juridik", "Kundtjänst", "Kvalitet", "Logistik", "Marknad", "Personal"),
}  # fmt: skip
_STREETS = {"en": "{n} {name} {suffix}", "en-gb": "{n} {name} Road", "de": "{name} {n}", "fr": "{n} {suffix} {name}",
            "sv": "{name} {n}"}  # fmt: skip
_POSTCODES = {"en": "#####", "en-gb": "@@# #@@", "de": "#####", "fr": "#####", "sv": "### ##"}
_CURRENCIES = {"en": "USD", "en-gb": "GBP", "de": "EUR", "fr": "EUR", "sv": "SEK"}
# How an amount is written: its form, the sign between thousands, and that before decimals.
_AMOUNTS = {"en": ("${}", ",", "."), "en-gb": ("£{}", ",", "."), "de": ("{} €", ".", ","), "fr": ("{} €", "\u202f", ","),
            "sv": ("{} kr", "\u00a0", ",")}  # fmt: skip
_FOLDED = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d"}
)
_LETTERS = "ABCDEFGHJKLMNPRSTUWXYZ"
MAX_WORDS = 2_000


@drawn
def any_first_name(source: Source, locale: str = "en", gender: str | None = None) -> str:
    """A first name; of either gender unless one is given."""
    if gender not in (None, "female", "male"):
        raise Unmet('`gender` is "female" or "male"')
    return source.pick(word_list(locale, "person", "names", gender or source.pick(("female", "male"))))


@drawn
def any_last_name(source: Source, locale: str = "en") -> str:
    return source.pick(word_list(locale, "person", "surnames"))


@drawn
def any_full_name(source: Source, locale: str = "en", gender: str | None = None) -> str:
    return f"{any_first_name(source, locale, gender)} {any_last_name(source, locale)}"


@drawn
def any_email(source: Source, name: str | None = None, domain: str | None = None) -> str:
    """`ada.berg@example.org` for "Ada Berg"; with a number where the address was taken."""
    if domain is not None and not _RESERVED.fullmatch(domain):
        raise Unmet(
            f"`{domain[:60]}` may be somebody's; a domain is example.com, example.net, example.org, or ends in .example or .test"
        )
    plain = unicodedata.normalize("NFKD", str(name or any_full_name(source)).translate(_FOLDED))
    local = ".".join(re.findall("[a-z0-9]+", re.sub("[^a-z0-9 .-]", "", plain.lower())))[:60] or "someone"
    number = str(source.attempt + 1) if source.attempt else ""
    return f"{local}{number}@{domain or source.pick(DOMAINS)}"


@drawn
def any_phone(source: Source, locale: str = "en") -> str:
    if locale == "en":
        areas = [form[3:6] for form in word_list("en", "person", "telephone_fmt") if form[3:6].isdigit()]
        return f"+1-{source.pick(areas)}-555-01{source.below(100):02}"
    word_list(locale, "person", "surnames")  # for the message about a locale that is unknown
    return _filled(source, source.pick(_PHONES[locale]))


@drawn
def any_job(source: Source, locale: str = "en") -> str:
    return source.pick(word_list(locale, "person", "occupation"))


@drawn
def any_city(source: Source, locale: str = "en") -> str:
    return source.pick(word_list(locale, "address", "city"))


@drawn
def any_state(source: Source, locale: str = "en") -> str:
    return source.pick(word_list(locale, "address", "state", "name"))


@drawn
def any_country(source: Source, locale: str = "en") -> str:
    return source.pick(word_list(locale, "address", "country", "name"))


@drawn
def any_street(source: Source, locale: str = "en") -> str:
    name = source.pick(word_list(locale, "address", "street", "name"))
    suffix = source.pick(word_list(locale, "address", "street", "suffix")) if "{suffix}" in _STREETS[locale] else ""
    return _STREETS[locale].format(n=1 + source.below(199), name=name, suffix=suffix)


@drawn
def any_postcode(source: Source, locale: str = "en") -> str:
    word_list(locale, "address", "city")  # for the message about a locale that is unknown
    return _filled(source, _POSTCODES[locale])


@drawn
def any_address(source: Source, locale: str = "en") -> str:
    street, code, city = any_street(source, locale), any_postcode(source, locale), any_city(source, locale)
    if locale == "en":
        return f"{street}, {city}, {source.pick(word_list('en', 'address', 'state', 'abbr'))} {code}"
    return f"{street}, {city} {code}" if locale == "en-gb" else f"{street}, {code} {city}"


@drawn
def any_company(source: Source, locale: str = "en") -> str:
    """One or two surnames and a legal form."""
    names = word_list(locale, "person", "surnames")
    first, second = source.pick(names), source.pick(names)
    shape = source.pick(("{} {}", "{} & {} {}"))
    form = source.pick(_LEGAL_FORMS[locale])
    return shape.format(first, form) if shape.count("{}") == 2 or first == second else shape.format(first, second, form)


@drawn
def any_department(source: Source, locale: str = "en") -> str:
    word_list(locale, "person", "surnames")  # for the message about a locale that is unknown
    return source.pick(_DEPARTMENTS.get(locale, _DEPARTMENTS["en"]))


@drawn
def any_word(source: Source, locale: str = "en") -> str:
    return source.pick(words(locale))


@drawn
def any_phrase(source: Source, count: Any, locale: str = "en") -> str:
    """So many words with blanks between; no word twice in a row."""
    known, found = words(locale), [""]
    while len(found) <= _count(count):
        word = source.pick(known)
        found += [word] if word != found[-1] else []
    return " ".join(found[1:])


@drawn
def any_sentence(source: Source, words: Any = None, locale: str = "en") -> str:
    said = any_phrase(source, 6 + source.below(9) if words is None else words, locale)
    return said[:1].upper() + said[1:] + "." if said else ""


@drawn
def any_paragraph(source: Source, sentences: Any = None, locale: str = "en") -> str:
    many = 3 + source.below(4) if sentences is None else _count(sentences)
    return " ".join(any_sentence(source, None, locale) for _ in range(min(many, MAX_WORDS // 14)))


@drawn
def any_price(source: Source, low: Any, high: Any) -> Decimal:
    """A price within both bounds; half of them end in .99, .95, .50 or .00. Small ones are as likely as large ones."""
    least, most = Decimal(low), Decimal(high)
    if not 0 <= least <= most:
        raise Unmet("a price lies between two numbers that are not negative, the lower one first")
    cents = Decimal(source.below(int((most - least) * 100) + 1)) / 100
    price = (least + cents).quantize(Decimal("0.01"), ROUND_FLOOR)
    ending = source.pick((None, None, None, None, "0.99", "0.95", "0.50", "0.00"))
    rounded = price if ending is None else price.quantize(Decimal(1), ROUND_FLOOR) + Decimal(ending)
    return next(p for p in (rounded, price, least) if least <= p <= most)


@drawn
def any_currency(source: Source, locale: str = "en") -> str:
    word_list(locale, "person", "surnames")  # for the message about a locale that is unknown
    return _CURRENCIES[locale]


@drawn
def money_text(source: Source, amount: Any, locale: str = "en") -> str:
    """`$1,234.50`, `1.234,50 €`: two decimals, rounded half up."""
    word_list(locale, "person", "surnames")  # for the message about a locale that is unknown
    form, thousands, point = _AMOUNTS[locale]
    value = Decimal(amount).quantize(Decimal("0.01"), ROUND_HALF_UP)
    whole, cents = format(abs(value), ",.2f").split(".")
    return ("-" if value < 0 else "") + form.format(whole.replace(",", thousands) + point + cents)


def _filled(source: Source, form: str) -> str:
    """A form with a digit for each `#` and a letter for each `@`."""
    return re.sub("[#@]", lambda m: str(source.below(10)) if m[0] == "#" else source.pick(_LETTERS), form)


def _count(value: Any) -> int:
    if int(value) != value or not 0 <= value <= MAX_WORDS:
        raise Unmet(f"so many are a whole number up to {MAX_WORDS}")
    return int(value)
