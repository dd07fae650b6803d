"""Does a file hold what its task asks for? By the written-down truth and plain Python, never by what a check demands."""

from __future__ import annotations

import datetime
import email
import email.policy
import html
import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from email.header import decode_header, make_header
from xml.etree import ElementTree

from tests.holdout.model import (
    Answer,
    Cell,
    EventsTruth,
    Files,
    Grid,
    Instance,
    LabelsTruth,
    LinesTruth,
    MailTruth,
    Part,
    ProseTruth,
    TableTruth,
    TreeTruth,
    Value,
    XmlTruth,
)
from tests.holdout.reading import BROKEN, grid_of, text_of, tree_of

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")


def is_right(task: Instance, files: Files) -> bool:
    """Are all answers among the files right, and all inputs left as they were?"""
    kept = all(files.get(path, data) == data for path, data in task.inputs.items())
    return kept and all(holds(answer, files.get(answer.path)) for answer in task.answers)


def holds(answer: Answer, data: bytes | None) -> bool:
    """Does one file hold its truth?"""
    if data is None:
        return False
    truth = answer.truth
    try:
        if isinstance(truth, TableTruth):
            grid = grid_of(answer.form, data, truth.name)
            return grid is not None and table_holds(truth, grid, answer.form)
        if isinstance(truth, TreeTruth):
            kept = all(comment in text_of(data) for comment in truth.comments)
            return kept and same_value(tree_of(answer.form, data), truth.value, typed=answer.form != "ini")
        if isinstance(truth, ProseTruth):
            return prose_holds(truth, text_of(data))
        if isinstance(truth, LinesTruth):
            return [nfc(line) for line in text_of(data).strip().split("\n")] == list(truth.lines)
        if isinstance(truth, LabelsTruth):
            return _labels_hold(truth, text_of(data))
        if isinstance(truth, XmlTruth):
            return _xml_holds(truth, data)
        return _events_hold(truth, data) if isinstance(truth, EventsTruth) else _mail_holds(truth, data)
    except BROKEN:
        return False


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def number_of(cell: Cell, printed: bool = False) -> Decimal | None:
    """The number that a cell is or spells; where it is `printed`, commas may stand between thousands."""
    if isinstance(cell, Decimal):
        return cell
    text = cell.strip() if isinstance(cell, str) else ""
    text = text.replace(",", "") if printed and re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", text) else text
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def same_cell(found: Cell, wanted: Cell, typed: bool, margin: Decimal = Decimal(0), printed: bool = False) -> bool:
    """Is a cell the one that is wanted? In a format without types a text may stand for any of them."""
    if isinstance(found, str) and not isinstance(wanted, str) and not typed:
        if wanted is None:
            return not found.strip()
        if isinstance(wanted, bool):
            return found.strip().lower() == str(wanted).lower()
    if isinstance(wanted, bool) or wanted is None:
        return found is wanted
    if isinstance(wanted, Decimal):
        number = None if typed and isinstance(found, str) else number_of(found, printed)
        return number is not None and abs(number - wanted) <= margin
    if isinstance(wanted, datetime.datetime):
        moment = found if isinstance(found, datetime.datetime) else datetime.datetime.fromisoformat(str(found).strip())
        return (moment.tzinfo is None) == (wanted.tzinfo is None) and moment == wanted
    if isinstance(wanted, datetime.date):
        return str(found).strip().removesuffix("T00:00:00").removesuffix("T00:00") == wanted.isoformat()
    return isinstance(found, str) and nfc(found).strip() == nfc(wanted).strip()


def table_holds(truth: TableTruth, grid: Grid, form: str) -> bool:
    """Has a grid the wanted columns and rows, in order where that counts?"""
    names = [nfc(name.strip()) for name in grid.header]
    if sorted(names) != sorted(truth.columns) or len(grid.rows) != len(truth.rows):
        return False
    if truth.fixed and names != list(truth.columns):
        return False
    places = [names.index(name) for name in truth.columns]
    typed = form in ("json_rows", "jsonl", "sqlite")
    rows = [tuple(row[place] for place in places) for row in grid.rows]

    def same(found: Sequence[Cell], wanted: Sequence[Cell]) -> bool:
        return all(same_cell(x, y, typed, truth.margin, form in ("markdown", "html")) for x, y in zip(found, wanted))

    if truth.ordered:
        return all(same(found, wanted) for found, wanted in zip(rows, truth.rows))
    left = list(rows)
    for wanted in truth.rows:
        partner = next((place for place, found in enumerate(left) if same(found, wanted)), None)
        if partner is None:
            return False
        left.pop(partner)
    return True


def same_value(found: Value, wanted: Value, typed: bool = True) -> bool:
    """Are two trees the same, keys in any order?"""
    if isinstance(wanted, dict):
        return (
            isinstance(found, dict)
            and {nfc(key) for key in found} == set(wanted)
            and all(same_value(part, wanted[nfc(key)], typed) for key, part in found.items())
        )
    if isinstance(wanted, list):
        same_size = isinstance(found, list) and len(found) == len(wanted)
        return isinstance(found, list) and same_size and all(same_value(x, y, typed) for x, y in zip(found, wanted))
    return not isinstance(found, (list, dict)) and same_cell(found, wanted, typed)


def plain_text(text: str) -> str:
    """Prose without emphasis, entities and special blanks."""
    text = re.sub("(?<=[0-9])[\u00a0\u202f](?=[0-9]{3}(?![0-9]))", "", html.unescape(nfc(text)))
    text = text.replace("\u2019", "'")
    return re.sub(r"[*_`]|(?<=\w)'s\b", "", text.replace("\u00a0", " ").replace("\u202f", " "))


def sections(text: str) -> dict[str, str]:
    """The text below each heading down to the next of the same or a higher level, by its plain title in lower case."""
    marked = re.sub(r"^(\S.*)\n(=+|-+)[ ]*$", lambda m: ("# " if m[2][0] == "=" else "## ") + m[1], text, flags=re.M)
    found: dict[str, str] = {}
    heads = [*re.finditer(r"^(#{1,6})\s+(.*?)\s*#*$", marked, flags=re.M)]
    for place, head in enumerate(heads):
        later = (h.start() for h in heads[place + 1 :] if len(h[1]) <= len(head[1]))
        title = re.sub(r"^[0-9.]+\s+", "", plain_text(head[2])).strip(" :").lower()
        if title in found:
            raise ValueError("a section stands twice")
        found[title] = marked[head.end() : next(later, len(marked))]
    return found


def units(text: str) -> list[str]:
    """Sentences, bullets and rows; lines that a bullet or row does not begin go on with the line before."""
    joined = re.sub(r"\n(?!\s*([-*+]\s|[0-9]+[.)]\s|\||#|\n|$))", " ", text)
    return [
        part for line in joined.split("\n") for part in re.split(r"(?<=[.!?])\s+(?=[A-ZÄÖÜ])", line) if part.strip()
    ]


def dates_in_words(day: str) -> list[str]:
    """An ISO day in the English spellings that cannot be taken for another day."""
    date = datetime.date.fromisoformat(day)
    names = (MONTHS[date.month - 1], MONTHS[date.month - 1][:3])
    order = {1: "st", 2: "nd", 3: "rd"}.get(date.day % 10 if date.day not in (11, 12, 13) else 0, "th")
    days = (f"{date.day}", f"{date.day:02d}", f"{date.day}{order}")
    return [
        day,
        *(
            f
            for n in names
            for d in days
            for f in (f"{d} {n} {date.year}", f"{n} {d}, {date.year}", f"{n} {d} {date.year}")
        ),
    ]


def says(unit: str, token: str) -> bool:
    """Does a unit hold a token, as one of its own and not denied? A token may be a number, a share, an ISO day or a text."""
    plain = re.sub(r"(?<=\d),(?=\d{3}\b)", "", " ".join(plain_text(unit).split())).casefold()
    forms = dates_in_words(token) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", token) else [nfc(token)]
    pattern = rf"(?<![\w.-])(?<!\d,)(?:{'|'.join(re.escape(form.casefold()) for form in forms)})"
    if token.endswith("%"):
        pattern = pattern.replace("%", r"\s?%")
    else:
        if _NUMBER.fullmatch(token):
            pattern += r"(?:0*(?!\d))" if "." in token else r"(?:\.0+(?!\d))?"
        pattern += r"(?!\w|[.,:-]\d|\s?%)"
    found = [*re.finditer(pattern, plain)]
    denied = r"\b(not|never|no|isn't|instead of)( \w+)?[ €$]*$"
    return any(not re.search(denied, plain[: match.start()]) for match in found)


def prose_holds(truth: ProseTruth, text: str) -> bool:
    """Does a document say all that it must, where it must, and nothing that it must not?"""
    parts = sections(text) if any(part.title for part in truth.parts) else {}
    if truth.headings and [title for title in parts if title in truth.headings] != list(truth.headings):
        return False
    if truth.opening and nfc(text).strip().split("\n")[0].strip() != truth.opening:
        return False
    if truth.most and len(plain_text(text).split()) > truth.most:
        return False
    return all(_part_holds(part, parts[part.title.lower()] if part.title else text) for part in truth.parts)


def _part_holds(part: Part, text: str) -> bool:
    pieces = units(text)
    if any(says(piece, token) for piece in pieces for token in part.forbidden):
        return False
    if not all(any(all(says(piece, token) for token in fact) for piece in pieces) for fact in part.facts):
        return False
    items = re.findall(r"^\s*(?:[-*+]|[0-9]+[.)])\s+\S", text, flags=re.M)
    if part.bullets is not None and len(items) != part.bullets:
        return False
    if part.table is None:
        return True
    grid = markdown_grid(text)
    return grid is not None and table_holds(part.table, grid, "markdown")


def markdown_grid(text: str) -> Grid | None:
    """The first pipe table of a text."""
    lines = text.split("\n")
    for place, line in enumerate(lines[:-1]):
        if "|" in line and re.fullmatch(r"\s*\|?(\s*:?-+:?\s*\|?)+\s*", lines[place + 1]) and "-" in lines[place + 1]:
            body = [line]
            for row in lines[place + 2 :]:
                if "|" not in row:
                    break
                body.append(row)
            cells = [[plain_text(c).strip() for c in re.split(r"(?<!\\)\|", row.strip().strip("|"))] for row in body]
            if any(len(row) != len(cells[0]) for row in cells):
                return None
            return Grid(tuple(cells[0]), tuple(tuple(row) for row in cells[1:]))
    return None


def _labels_hold(truth: LabelsTruth, text: str) -> bool:
    found: dict[str, str] = {}
    for line in text.split("\n"):
        label, colon, value = re.sub(r"^\s*[-*+>]\s+", "", plain_text(line)).partition(":")
        if colon and label.strip().lower() in found and value.strip() != found[label.strip().lower()]:
            return False
        found.setdefault(label.strip().lower(), value.strip())
    return all(
        label.lower() in found and same_cell(found[label.lower()], wanted, typed=False)
        for label, wanted in truth.fields
    )


def _xml_holds(truth: XmlTruth, data: bytes) -> bool:
    root = ElementTree.fromstring(data)
    elements = list(root)
    if root.tag != truth.root or any(e.tag != truth.element for e in elements) or len(elements) != len(truth.rows):
        return False
    for element, (attributes, children) in zip(elements, truth.rows):
        texts = [(child.tag, "".join(child.itertext()).strip()) for child in element]
        if {k: nfc(v) for k, v in element.attrib.items()} != dict(attributes):
            return False
        if sorted(tag for tag, _ in texts) != sorted(tag for tag, _ in children):
            return False
        if not all(same_cell(dict(texts)[tag], wanted, typed=False) for tag, wanted in children):
            return False
    return True


def _events_hold(truth: EventsTruth, data: bytes) -> bool:
    text = re.sub(r"\n[ \t]", "", text_of(data))
    if text.count("BEGIN:VCALENDAR") != 1 or not text.rstrip().endswith("END:VCALENDAR"):
        return False
    found: list[tuple[str, str, str, str]] = []
    for body in re.findall(r"BEGIN:VEVENT\n(.*?)END:VEVENT", text, flags=re.S):
        own = re.sub(r"BEGIN:VALARM\n.*?END:VALARM\n", "", body, flags=re.S)
        values = {
            m[1].upper(): re.sub(r"\\(.)", r"\1", m[2])
            for m in re.finditer(r"^([\w-]+)(?:;[^:\n]*)?:(.*)$", own, flags=re.M)
        }
        lasts = re.fullmatch(r"PT([0-9]+)M", values.get("DURATION", ""))
        if lasts:
            begin = datetime.datetime.strptime(values["DTSTART"], "%Y%m%dT%H%M%S")
            values["DTEND"] = f"{begin + datetime.timedelta(minutes=int(lasts[1])):%Y%m%dT%H%M%S}"
        found.append((values["SUMMARY"], values["DTSTART"], values["DTEND"], values.get("LOCATION", "")))
    wanted = [(s, f"{a:%Y%m%dT%H%M%S}", f"{b:%Y%m%dT%H%M%S}", where) for s, a, b, where in truth.events]
    return sorted((nfc(s), a, b, nfc(w)) for s, a, b, w in found) == sorted(wanted)


def _mail_holds(truth: MailTruth, data: bytes) -> bool:
    message = email.message_from_bytes(data, policy=email.policy.default)
    subject = str(make_header(decode_header(str(message["Subject"]))))
    body = message.get_body(("plain",))
    if body is None or len(message.get_all("To") or []) != 1 or " ".join(nfc(subject).split()) != truth.subject:
        return False
    to = re.findall(r"[\w.+-]+@[\w.-]+", str(message["To"]))
    return to == [truth.to] and prose_holds(truth.body, str(body.get_content()).replace("\r\n", "\n"))
