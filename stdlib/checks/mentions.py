"""Whether a text states a fact: a text, number or date, in any usual spelling, as a token of its own.

Markup, case and the width of blanks do not count.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Any, Iterator, List, Match, NamedTuple, Optional, Pattern, Set, Tuple

from clawc.stdlib.checks.dates import datetime_of
from clawc.stdlib.checks.kinds import listed, shown
from clawc.stdlib.checks.markdown import prose_of, strip_markup
from clawc.stdlib.checks.mdlines import md_lines
from clawc.stdlib.checks.prose import passages
from clawc.stdlib.checks.readers import text_of
from clawc.stdlib.checks.text import Folding, fold, normalise
from clawc.stdlib.checks.values import No, Number, Range, Truth, Unmet

MAX_NEEDLE = 1_000
MAX_DECIMALS = 30
MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)

_LOOK_ALIKES = {
    0x2010: "-",
    0x2011: "-",
    0x2212: "-",
    0x2018: "'",
    0x2019: "'",
    0x201C: '"',
    0x201D: '"',
    0x00AD: None,
    0x200B: None,
    0x2060: None,
    0xFEFF: None,
}
_MONTH = "(?:" + "|".join([*MONTHS, *(name[:3] for name in MONTHS), "sept"]) + ")"
_WRITTEN_DATE = re.compile(
    rf"(?<!\w)(?:[0-9]{{1,2}}(?:st|nd|rd|th)?(?: of)?[ -]{_MONTH}\.?,?[ -][0-9]{{4}}"
    rf"|{_MONTH}\.? [0-9]{{1,2}}(?:st|nd|rd|th)?,? [0-9]{{4}}"
    r"|[0-9]{1,4}[/.][0-9]{1,2}[/.][0-9]{1,4})(?!\w)"
)
_INSTANT = re.compile(
    r"(?<![\w-])[0-9]{4}-[0-9]{2}-[0-9]{2}[t ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r"(?: ?(?:z|utc)|[+-][0-9]{2}:?[0-9]{2})?(?![\w:])"
)
_NUMERAL = re.compile(r"(?<!\w)([-+]?)[$€£]?([-+]?)((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?)")
# Thousands whose groups are held together by blanks that do not break.
_SPACED = re.compile("(?<![\\w.,])[1-9][0-9]{0,2}(?:[\u00a0\u2007\u2009\u202f][0-9]{3})+(?![0-9])")
_DENIAL = re.compile(r"(?<!\w)(?<!\bor )(?:not|never|\w+n't) $")
_NUMBER_BEFORE = re.compile(r"(?:[0-9][.,:]|[0-9]–|\w-|[^\W0-9]/)$")
_NUMBER_AFTER = re.compile(r"[.,:–-][0-9]| ?[%‰]|\w")
_UNIT = re.compile(r"(?:ms|s|sec|min|h|hrs|d|kb|mb|gb|kib|mib|gib|g|kg|mm|cm|km|px|pt|usd|eur|gbp)(?!\w)")


class Form(NamedTuple):
    """A text as it is searched for texts, with what may be ignored folded away, and for numbers and dates."""

    folded: str
    exact: str


class Searched:
    """A text in the forms in which it is searched: without markup, as written, and cut into passages."""

    def __init__(self, source: Any, ignore: Optional[Folding] = None) -> None:
        if isinstance(source, list):
            source = "\n\n".join(text_of(element) for element in listed(source))
        self.source: Any = source
        self.ignore = ignore
        self.document = prose_of(source)
        self.plain = self.form(strip_markup(self.document))
        self._raw: Optional[Form] = None
        self._parts: Optional[List[Form]] = None

    def form(self, text: str) -> Form:
        """A text in both forms."""
        grouped = _SPACED.sub(lambda found: ",".join(found.group().split()), text)
        exact = searchable(grouped)
        same = grouped == text and not isinstance(self.ignore, Folding)
        return Form(exact if same else searchable(text, self.ignore), exact)

    def raw(self) -> Form:
        """As written, for texts that look like markup: `__init__.py`, the address of a link."""
        if self._raw is None:
            self._raw = self.form("\n".join(line.text for line in md_lines(self.document)))
        return self._raw

    def parts(self) -> List[Form]:
        """The sentences, bullets and table rows."""
        if self._parts is None:
            self._parts = [self.form(passage) for passage in passages(self.source)]
        return self._parts

    def states(self, form: Form, what: Any, decimals: Any = None) -> bool:
        """Whether one form of the text, or of a part of it, states a fact."""
        text = form.folded if isinstance(what, str) else form.exact
        return next(spans(text, what, decimals, self.ignore), None) is not None


def searchable(text: str, ignore: Optional[Folding] = None) -> str:
    """Text as it is searched: lower case, one form of dash, quote and blank, a line for each paragraph."""
    if isinstance(ignore, Folding):
        text = fold(text, [name for name in ignore if name not in ("case", "markup", "spaces")])
    else:
        text = normalise(text)
    text = unicodedata.normalize("NFC", text.translate(_LOOK_ALIKES).casefold())
    return "\n".join(" ".join(block.split()) for block in text.split("\n\n"))


def spans(text: str, what: Any, decimals: Any = None, ignore: Optional[Folding] = None) -> Iterator[Tuple[int, int]]:
    """Where a searchable text states `what`, in order; a number or date that `not` stands before is not stated."""
    if isinstance(what, str):
        sure, pattern = text_pattern(what, ignore)
        found: Iterator[Match[str]] = pattern.finditer(text) if sure in text else iter(())
        if not what[:1].isdigit():
            return (match.span() for match in found)
    elif isinstance(what, (int, Decimal)) and not isinstance(what, bool):
        found = numerals(text, what, decimals)
    elif isinstance(what, datetime.datetime):
        found = (token for token in _INSTANT.finditer(text) if _is_instant(token.group(), what))
    elif isinstance(what, datetime.date):
        found = date_pattern(what).finditer(text)
    else:
        raise Unmet(f"there is nothing to look for: {shown(what)} is no text, number or date")
    return (match.span() for match in found if not _DENIAL.search(text[max(0, match.start() - 20) : match.start()]))


@lru_cache(maxsize=4_096)
def text_pattern(what: str, ignore: Optional[Folding] = None) -> Tuple[str, Pattern[str]]:
    """What is in every text that the pattern finds, and the pattern of a text with token boundaries at both ends; before `%` a
    blank may stand."""
    needle = searchable(what, ignore).strip().replace("\n", " ")
    if not needle:
        raise Unmet("there is nothing to look for: the text is empty")
    if len(needle) > MAX_NEEDLE:
        raise Unmet(f"the text to look for is longer than {MAX_NEEDLE} characters")
    sure = "" if "%" in needle else needle
    if isinstance(ignore, Folding) and "spaces" in ignore:
        sure, body = "", " ?".join(re.escape(sign) for sign in needle if sign != " ")
    else:
        body = re.sub(r"(?<=[0-9])(?:\\ |\s)?%", " ?%", re.escape(needle).replace("\\%", "%"))
    head, tail = needle[0], needle[-1]
    before = after = ""
    if head.isalnum() or head == "_" or re.match(r"[-+$€£]+[0-9]", needle):
        before = r"(?<!\w)"
    if head.isdigit():
        before += r"(?<![0-9][.,:])(?<!\A-)(?<!\W-)" + (r"(?<!\w-)" if needle.isdigit() else "")
    if tail.isalnum() or tail == "_":
        after = r"(?!\w)"
    if tail.isdigit():
        after += r"(?![.,:][0-9])(?! ?%)" + (r"(?!-[0-9])" if needle.isdigit() else "")
    return sure, re.compile(before + body + after)


def numerals(text: str, what: Number, decimals: Any) -> Iterator[Match[str]]:
    """Where a number is written as a numeral of its own: not in `1.12`, `B12`, `12%`, a date or a time."""
    wanted, places = _accepted_values(what, decimals)
    masked = _WRITTEN_DATE.sub(lambda date: "_" * len(date.group()), text)
    for found in _NUMERAL.finditer(masked):
        sign, inner_sign, numeral = found.groups()
        begin, end = found.span()
        if len(numeral) > MAX_NEEDLE or _continues(masked, begin, end, bool(sign or inner_sign)):
            continue
        digits = numeral.replace(",", "")
        value = Decimal(digits)
        if (sign + inner_sign).count("-") == 1:
            value = value.copy_negate()
        if len(digits) > 1 and digits[0] == "0" and digits[1] != ".":
            continue
        if value in wanted and places in (None, len(digits.partition(".")[2])):
            yield found


def _continues(text: str, begin: int, end: int, signed: bool) -> bool:
    """Whether the numeral is part of a longer token: a version, range, time, path, percentage or name."""
    if _NUMBER_BEFORE.search(text[max(0, begin - 2) : begin]):
        return True
    if signed and begin and (text[begin - 1].isalnum() or text[begin - 1] == "_"):
        return True
    after = _NUMBER_AFTER.match(text, end)
    return after is not None and not (after.group()[0].isalpha() and _UNIT.match(text, end))


def _accepted_values(what: Number, decimals: Any) -> Tuple[Set[Decimal], Optional[int]]:
    """The values that state a number, and how many decimals must be written (None: any)."""
    exact = Decimal(what)
    if not exact.is_finite() or abs(exact.adjusted()) > MAX_NEEDLE:
        raise Unmet("there is nothing to look for: the number is too large")
    if decimals is None:
        return {exact}, None
    if isinstance(decimals, Range):
        low = decimals.low if isinstance(decimals.low, int) else 0
        high = decimals.high if isinstance(decimals.high, int) else MAX_DECIMALS
        fewest, most = max(0, low), min(high, MAX_DECIMALS)
        return {exact, *(rounded_half_up(exact, places) for places in range(fewest, most + 1))}, None
    if not isinstance(decimals, int) or not 0 <= decimals <= MAX_DECIMALS:
        raise Unmet(f"`decimals` must be from 0 to {MAX_DECIMALS}")
    return {rounded_half_up(exact, decimals)}, decimals


def rounded_half_up(value: Decimal, places: int) -> Decimal:
    """A number rounded half up to so many decimals."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP, context=Context(prec=2 * MAX_NEEDLE))


def date_pattern(what: datetime.date) -> Pattern[str]:
    """The spellings of a date: ISO, and with the English name of the month in either order."""
    name = MONTHS[what.month - 1]
    month = rf"(?:{name}|{name[:3]}{'|sept' if what.month == 9 else ''})\.?"
    day = rf"0?{what.day}(?:st|nd|rd|th)?"
    numeric = rf"(?<![\w-]){what.isoformat()}(?![0-9a-su-z]|-[0-9]|t[^0-9])"
    day_first = rf"(?<![\w.,]){day}(?: of)?[ -]{month},?[ -]{what.year}(?!\w)"
    month_first = rf"(?<!\w){month} {day},? {what.year}(?!\w)"
    return re.compile(f"{numeric}|{day_first}|{month_first}")


def _is_instant(token: str, what: datetime.datetime) -> bool:
    """Whether a date with time is this one: the same instant, or without a zone the same fields."""
    found = datetime_of(token.upper().replace(" UTC", "Z").replace("UTC", "Z").replace(" Z", "Z"))
    if found is None:
        return False
    if found.tzinfo is None or what.tzinfo is None:
        return found.replace(tzinfo=None) == what.replace(tzinfo=None)
    return found == what


def _is_stated(searched: Searched, what: Any, near: Any = None, decimals: Any = None) -> bool:
    """Whether the text states one fact, near one of the texts of `near` if there are any."""
    if near is None:
        anywhere = searched.states(searched.plain, what, decimals)
        return anywhere or (isinstance(what, str) and searched.states(searched.raw(), what))
    neighbours = _neighbours(near)
    return any(
        searched.states(part, what, decimals) and any(searched.states(part, other) for other in neighbours)
        for part in searched.parts()
    )


def _neighbours(near: Any) -> List[Any]:
    return listed(near) if isinstance(near, list) else [near]


def _states(searched: Searched, what: Any, near: Any = None, decimals: Any = None) -> Truth:
    """The same, with the reason where it does not."""
    if _is_stated(searched, what, near, decimals):
        return True
    if near is None:
        return No(f"{shown(what)} is not mentioned")
    places = " or ".join(shown(other) for other in _neighbours(near)[:6])
    anywhere = searched.states(searched.plain, what, decimals)
    reason = "not in one sentence, bullet or table row with" if anywhere else "not mentioned, so not near"
    return No(f"{shown(what)} is {reason} {places}")


def mentions(v: Any, what: Any, near: Any = None, decimals: Any = None, ignore: Any = ()) -> Truth:
    """Whether a text states a fact.

    `near`: in one sentence, bullet or table row with this text, or one of these. `decimals`: a number written
    with exactly so many decimals, or rounded to any number of decimals of a range. `ignore`: `spaces`,
    `punctuation`, `accents`; case and markup never count.
    """
    return _states(Searched(v, Folding(ignore) if ignore else None), what, near, decimals)


def mentions_all(v: Any, what: Any, near: Any = None, decimals: Any = None, ignore: Any = ()) -> Truth:
    """Whether a text states every fact of a list; options as in `mentions`."""
    searched, facts = Searched(v, Folding(ignore) if ignore else None), listed(what)
    results = [_states(searched, fact, near, decimals) for fact in facts]
    failed = [result for result in results if isinstance(result, No)]
    if not failed:
        return True
    others = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return No(failed[0].reason + others, 1 - len(failed) / len(facts))


def mentions_any(v: Any, what: Any, near: Any = None, decimals: Any = None, ignore: Any = ()) -> Truth:
    """Whether a text states at least one fact of a list; options as in `mentions`."""
    searched, facts = Searched(v, Folding(ignore) if ignore else None), listed(what)
    if any(_is_stated(searched, fact, near, decimals) for fact in facts):
        return True
    named = ", ".join(shown(fact) for fact in facts[:6])
    return No(f"none of {named} is mentioned" if facts else "there are no facts to look for")


def mentions_in_order(v: Any, what: Any, decimals: Any = None) -> Truth:
    """Whether a text (or a list of texts) states the facts of a list one after the other."""
    form, facts = Searched(v).plain, listed(what)
    position = 0
    for index, fact in enumerate(facts):
        text = form.folded if isinstance(fact, str) else form.exact
        end = next((end for begin, end in spans(text, fact, decimals) if begin >= position), None)
        if end is None:
            after = f" after {shown(facts[index - 1])}" if index else ""
            return No(f"{shown(fact)} is not mentioned{after}", index / len(facts))
        position = end
    return True
