"""Text: how it is written, cut and searched.

A value that is no text gives null, or false where a condition is asked.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from decimal import Decimal
from typing import Any, List, Optional, Pattern, Sequence

from clawc.stdlib.checks.dates import iso
from clawc.stdlib.checks.kinds import because, is_null, listed, plain, shown
from clawc.stdlib.checks.markdown import strip_markup
from clawc.stdlib.checks.numbers import integer, microseconds_of
from clawc.stdlib.checks.readers import text_of
from clawc.stdlib.checks.values import NUMBERS, File, No, Range, Truth, Unmet

MAX_TEXT = 64_000_000
MAX_PARTS = 1_000_000
MAX_WIDTH = 1_000
MAX_FOLDED = 1_000_000
MAX_SEARCHED = 500_000
FOLDS = ("case", "spaces", "punctuation", "accents", "markup")


def as_text(v: Any) -> str:
    """A value as it stands in a template: numbers in their shortest form, dates in ISO, null as nothing."""
    if isinstance(v, str):
        return str(v)
    if is_null(v):
        return ""
    if isinstance(v, (bool, No)):
        return "true" if v else "false"
    if isinstance(v, (int, Decimal)):
        return plain(v)
    if isinstance(v, datetime.date):
        return iso(v)
    if isinstance(v, datetime.timedelta):
        return plain(NUMBERS.divide(Decimal(microseconds_of(v)), Decimal(1_000_000))) + "s"
    if isinstance(v, Range) and not isinstance(v.low, Range) and not isinstance(v.high, Range):
        return "%s..%s" % (as_text(v.low), as_text(v.high))
    raise Unmet("%s has no text" % shown(v))


def with_plain_ends(s: str) -> str:
    """Text in NFC with LF as line end and without byte order mark."""
    text = s[1:] if s.startswith("\ufeff") else str(s)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def normalise(s: str) -> str:
    """Text as it is compared: NFC, LF as line end, no byte order mark, no blanks around it."""
    return with_plain_ends(s).strip()


class Folding(tuple[str, ...]):
    """The names of differences of text that a comparison overlooks."""


def compared_text(s: str, ignore: Optional[Folding]) -> str:
    """Text as it is compared, with what `ignore` names taken out."""
    return fold(s, ignore) if isinstance(ignore, Folding) else normalise(s)


def fold(s: str, ignore: Sequence[str] = ()) -> str:
    """Text as it is compared, with the differences taken out that `ignore` names (but for markup)."""
    unknown = [name for name in ignore if name not in FOLDS]
    if unknown:
        raise Unmet("%s cannot be ignored; %s can" % (shown(unknown[0]), ", ".join(FOLDS)))
    if ignore and len(s) > MAX_FOLDED:
        raise Unmet("a text of more than %s characters is too long to be compared like that" % MAX_FOLDED)
    text = normalise(s)
    if "accents" in ignore:
        apart = unicodedata.normalize("NFD", text)
        text = "".join(sign for sign in apart if unicodedata.category(sign) != "Mn")
    if "punctuation" in ignore:  # the blanks around a dash become one
        kept = "".join(sign for sign in text if not unicodedata.category(sign).startswith("P"))
        text = re.sub(r"[^\S\n]+", " ", kept).strip()
    if "case" in ignore:
        text = text.casefold()
    if "spaces" in ignore:
        text = "".join(text.split())
    return unicodedata.normalize("NFC", text) if ignore else text


def lower_of(s: Any) -> Optional[str]:
    """In lower case."""
    return s.lower() if isinstance(s, str) else None


def upper_of(s: Any) -> Optional[str]:
    """In upper case."""
    return s.upper() if isinstance(s, str) else None


def trim_of(s: Any) -> Optional[str]:
    """Without blanks at both ends."""
    return s.strip() if isinstance(s, str) else None


def is_regex(v: Any) -> bool:
    """Is it a compiled regex for text?"""
    source: Any = getattr(v, "pattern", None)
    return isinstance(v, re.Pattern) and isinstance(source, str)


def regex_of(v: Any) -> Pattern[str]:
    """The regex itself; raises Unmet for anything else."""
    if not is_regex(v):
        raise Unmet("%s is not a regex" % shown(v))
    regex: Pattern[str] = v
    return regex


def searched(s: str) -> str:
    """The text itself; raises Unmet when it is too long for a regex, whose time may grow with its square."""
    if len(s) > MAX_SEARCHED:
        raise Unmet("a text of more than %s characters is too long for a regex" % MAX_SEARCHED)
    return s


def replace_in(s: Any, old: Any, new: Any) -> Optional[str]:
    """Every occurrence replaced; for a regex, `\\1` in `new` stands for its first group."""
    if not isinstance(s, str) or not isinstance(new, str):
        return None
    if isinstance(old, str):
        if not old:
            raise Unmet("there is nothing to replace")
        if len(s) + s.count(old) * len(new) > MAX_TEXT:
            raise Unmet("the text is too long")
        return s.replace(old, new)
    pattern = regex_of(old)
    pieces: List[str] = []
    size, end = 0, 0
    plain = "\\" not in new  # else it is read anew for each match, which takes long if it is long
    try:
        for match in pattern.finditer(searched(s)):
            pieces.extend((s[end : match.start()], new if plain else match.expand(new)))
            size += len(pieces[-1])
            end = match.end()
            if size > MAX_TEXT:
                raise Unmet("the text is too long")
    except (re.error, IndexError):
        raise Unmet("%s cannot be filled in for the regex" % shown(new)) from None
    return "".join([*pieces, s[end:]])


def split_by(s: Any, sep: Any) -> Optional[List[str]]:
    """The parts between separators, empty ones too."""
    if not isinstance(s, str):
        return None
    if isinstance(sep, str):
        if not sep:
            raise Unmet("the separator is empty")
        if s.count(sep) >= MAX_PARTS:
            raise Unmet("the list is too long")
        return s.split(sep)
    parts: List[str] = []
    end = 0
    for match in regex_of(sep).finditer(searched(s)):
        if match.end() > match.start():
            parts.append(s[end : match.start()])
            end = match.end()
        if len(parts) >= MAX_PARTS:
            raise Unmet("the list is too long")
    return [*parts, s[end:]]


def join_text(parts: Any, sep: Any) -> str:
    """The texts of a list with a separator between them."""
    texts = [as_text(part) for part in listed(parts)]
    between = as_text(sep)
    if sum(map(len, texts)) + len(between) * len(texts) > MAX_TEXT:
        raise Unmet("the text is too long")
    return between.join(texts)


def left_of(s: Any, n: Any) -> Optional[str]:
    """The first n characters."""
    size = integer(n)
    return s[: max(0, size)] if isinstance(s, str) and size is not None else None


def right_of(s: Any, n: Any) -> Optional[str]:
    """The last n characters."""
    size = integer(n)
    return s[max(0, len(s) - max(0, size)) :] if isinstance(s, str) and size is not None else None


def sought(part: Any) -> str:
    """A text to look for; raises Unmet when it is none, or empty."""
    if not isinstance(part, str) or not part:
        raise Unmet("there is nothing to look for")
    return with_plain_ends(part)


def starts_with(s: Any, p: Any) -> Truth:
    """Does the text begin so? Blanks before the text do not count."""
    if not isinstance(s, str):
        return because("expected text, found %s" % shown(s))
    text, prefix = with_plain_ends(s), sought(p)
    if text.startswith(prefix) or text.lstrip().startswith(prefix):
        return True
    return because("expected %s at the start, found %s" % (shown(p), shown(text.lstrip()[: len(prefix) + 20])))


def ends_with(s: Any, p: Any) -> Truth:
    """Does the text end so? Blanks after the text do not count."""
    if not isinstance(s, str):
        return because("expected text, found %s" % shown(s))
    text, suffix = with_plain_ends(s), sought(p)
    if text.endswith(suffix) or text.rstrip().endswith(suffix):
        return True
    return because("expected %s at the end, found %s" % (shown(p), shown(text.rstrip()[-len(suffix) - 20 :])))


def contains(s: Any, part: Any, ignore: Sequence[str] = ()) -> Truth:
    """Is `part` in the text of a file or value, letter by letter but for what `ignore` names?"""
    text = text_of(s) if isinstance(s, File) else s
    if not isinstance(text, str):
        return because("expected text, found %s" % shown(text))
    wanted = sought(part)
    if ignore:
        text = strip_markup(text) if "markup" in ignore else text
        wanted = sought(fold(wanted, ignore))
        found = wanted in fold(text, ignore)
    else:
        found = wanted in with_plain_ends(text)
    return True if found else because("the text does not contain %s" % shown(part))


def matches(s: Any, pattern: Any) -> Truth:
    """Does the regex occur in the text?"""
    regex = regex_of(pattern)
    if not isinstance(s, str):
        return because("expected text, found %s" % shown(s))
    return True if regex.search(searched(s)) else because("%s does not match %s" % (shown(s), shown(regex.pattern)))


def capture(s: Any, pattern: Any) -> Optional[str]:
    """The first group of the first match, or the whole match of a regex without groups; null without a
    match."""
    regex = regex_of(pattern)
    match = regex.search(searched(s)) if isinstance(s, str) else None
    return None if match is None else match.group(1 if regex.groups else 0)


def find_all(s: Any, pattern: Any) -> Optional[List[str]]:
    """The first group of every match, or the whole matches of a regex without groups."""
    regex = regex_of(pattern)
    if not isinstance(s, str):
        return None
    found: List[str] = []
    for match in regex.finditer(searched(s)):
        found.append(match.group(1 if regex.groups else 0) or "")
        if len(found) > MAX_PARTS:
            raise Unmet("the list is too long")
    return found


def pad(v: Any, width: Any, fill: Any = "0") -> str:
    """The text of a value, filled up on the left; zeros go behind the sign of a number."""
    size = integer(width)
    if size is None or not 0 <= size <= MAX_WIDTH:
        raise Unmet("the width to fill is a number from 0 to 1,000")
    if not isinstance(fill, str) or len(fill) != 1:
        raise Unmet("a text is filled up with one character")
    text = as_text(v)
    if fill == "0" and isinstance(v, (int, Decimal)):
        return text.zfill(size)
    return text.rjust(size, fill)


def slug(s: Any) -> Optional[str]:
    """Lower case ASCII letters and digits, everything else as `-`, none at the ends."""
    if not isinstance(s, str):
        return None
    apart = unicodedata.normalize("NFKD", s.casefold())
    letters = "".join(sign for sign in apart if unicodedata.category(sign) != "Mn")
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")
