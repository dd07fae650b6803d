"""Values as the text of markup, calendars and messages: what the readers of the same names read. Compile time only."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

from clawc.compiler.render import bytes_of
from clawc.stdlib.checks.html_documents import INLINE_TAGS, VOID_TAGS
from clawc.stdlib.checks.kinds import is_null, shown
from clawc.stdlib.checks.tables import table
from clawc.stdlib.checks.text import as_text
from clawc.stdlib.checks.values import Table, Unmet

MAX_NESTING = 100
_RAW = ("script", "style")


def _parts(value: Any, level: int) -> tuple[str, dict[str, str], str, list[Any]]:
    """Tag, attributes, text and children of a record that stands for an element."""
    if level > MAX_NESTING:
        raise Unmet(f"the elements are nested deeper than {MAX_NESTING} levels")
    if not isinstance(value, Mapping) or not isinstance(value.get("tag"), str):  # pyright: ignore[reportUnknownMemberType]
        raise Unmet('an element is written from a record such as `{tag: "a", attr: {…}, text: "…", children: […]}`')
    record: dict[str, Any] = dict(value)  # pyright: ignore[reportUnknownArgumentType]
    tag: str = record["tag"]
    attr = {key: as_text(v) for key, v in _record(record.get("attr"), "attr").items()}
    for name in (tag, *attr):
        if not re.fullmatch(r"[^\W\d][-.:\w]*", name):
            raise Unmet(f"{shown(name)} cannot be the name of an element or attribute")
    return tag, attr, as_text(record.get("text")), _list(record.get("children"), "children")


def _record(value: Any, what: str) -> dict[str, Any]:
    """A record, by keys that are text; null is an empty one."""
    if is_null(value):
        return {}
    if not isinstance(value, Mapping):
        raise Unmet(f"`{what}` is a record, not {shown(value)}")
    return {str(key): inner for key, inner in value.items()}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _list(value: Any, what: str) -> list[Any]:
    """A list, the rows of a table as records; null is an empty one."""
    if is_null(value):
        return []
    if isinstance(value, Table):
        return list(value.rows)
    if not isinstance(value, list):
        raise Unmet(f"`{what}` is a list, not {shown(value)}")
    return list(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _attributes(attr: Mapping[str, str]) -> str:
    quoted = {'"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}
    return "".join(f' {name}="{escape(value, quoted)}"' for name, value in attr.items())


def render_xml(value: Any) -> str:
    """An element with all below it. The text of one that has children is theirs, so it is not written."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_xml_element(value, 1)}\n'


def _xml_element(value: Any, level: int) -> str:
    tag, attr, text, children = _parts(value, level)
    inner = "".join(_xml_element(child, level + 1) for child in children) if children else _xml_text(text)
    return f"<{tag}{_attributes(attr)}>{inner}</{tag}>" if inner else f"<{tag}{_attributes(attr)}/>"


def _xml_text(text: str) -> str:
    if any(ord(sign) < 32 and sign not in "\t\n\r" for sign in text):
        raise Unmet(f"{shown(text)} holds a control character, which XML cannot")
    return escape(text, {"\r": "&#13;"})


def render_html(value: Any) -> str:
    """A document: of a table, or of an element with all below it."""
    if not isinstance(value, Mapping):
        return f"<!DOCTYPE html>\n<html>\n<body>\n{_html_table(table(value))}</body>\n</html>\n"
    return f"<!DOCTYPE html>\n{_html_element(value, 1)}\n"


def _html_table(rows: Table) -> str:
    lines = ["<table>", "<tr>" + "".join(f"<th>{html.escape(c)}</th>" for c in rows.columns) + "</tr>"]
    for row in rows.rows:
        lines.append("<tr>" + "".join(f"<td>{html.escape(as_text(row.get(c)))}</td>" for c in rows.columns) + "</tr>")
    return "\n".join([*lines, "</table>"]) + "\n"


def _html_element(value: Any, level: int) -> str:
    tag, attr, text, children = _parts(value, level)
    if tag in VOID_TAGS:
        return f"<{tag}{_attributes(attr)}>"
    if tag in _RAW and f"</{tag}" in text.lower():
        raise Unmet(f"the text of `{tag}` cannot hold `</{tag}`")
    inner = text if tag in _RAW else html.escape(text, quote=False)
    if children:
        inner = "".join(_html_element(child, level + 1) for child in children)
    return f"<{tag}{_attributes(attr)}>{inner}</{tag}>" + ("" if tag in INLINE_TAGS else "\n")


def render_ics(value: Any) -> str:
    """A calendar of events: a table with some of the columns that `ics` reads; `uid` is made up where it is missing."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//clawc//EN"]
    for row in table(value).rows:
        known = {k: v for k, v in row.items() if not is_null(v) and v != "" and v != []}
        uid = (
            as_text(known.get("uid")) or hashlib.sha256(repr(sorted(map(str, known.items()))).encode()).hexdigest()[:16]
        )
        lines += ["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:19700101T000000Z"]
        for key, name in (("start", "DTSTART"), ("end", "DTEND")):
            if key in known:
                lines.append(name + _ics_time(known[key]))
        for key in ("summary", "location", "description", "status"):
            if key in known:
                lines.append(f"{key.upper()}:{_ics_text(as_text(known[key]))}")
        if "organizer" in known:
            lines.append(f"ORGANIZER:mailto:{_one_line(as_text(known['organizer']))}")
        lines += [f"ATTENDEE:mailto:{_one_line(as_text(a))}" for a in _list(known.get("attendees"), "attendees")]
        if "rrule" in known:
            lines.append(f"RRULE:{_one_line(as_text(known['rrule']))}")
        lines.append("END:VEVENT")
    return "".join(_folded(line) + "\r\n" for line in [*lines, "END:VCALENDAR"])


def _ics_time(value: Any) -> str:
    if isinstance(value, datetime):
        zone = value.utcoffset()
        moment = value.replace(tzinfo=None) - (zone or timedelta(0))
        return (
            ":" + moment.isoformat(timespec="seconds").replace("-", "").replace(":", "") + ("" if zone is None else "Z")
        )
    if isinstance(value, date):
        return ";VALUE=DATE:" + value.isoformat().replace("-", "")
    raise Unmet(f"{shown(value)} is no date or time")


def _ics_text(text: str) -> str:
    for sign, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n")):
        text = text.replace(sign, written)
    return text


def _folded(line: str) -> str:
    """A line in pieces of at most 75 bytes, as calendars want it."""
    pieces: list[str] = []
    piece, size = "", 0
    for sign in line:
        width = len(sign.encode("utf-8", "surrogatepass"))
        if size + width > 75:
            pieces.append(piece)
            piece, size = "", 1
        piece += sign
        size += width
    return "\r\n ".join([*pieces, piece])


def _one_line(text: str) -> str:
    return " ".join(text.split())


def render_email(value: Any) -> str:
    """A message of a record with some of `from`, `to`, `cc`, `subject`, `date`, `headers`, `body` and `attachments`."""
    if not isinstance(value, Mapping):
        raise Unmet("a message is written from a record")
    record: dict[str, Any] = dict(value)  # pyright: ignore[reportUnknownArgumentType]
    lines: list[str] = []
    for key in ("from", "to", "cc", "subject", "date"):
        given = record.get(key)
        if is_null(given) or given == []:
            continue
        if isinstance(given, list):
            given = ", ".join(as_text(part) for part in given)  # pyright: ignore[reportUnknownVariableType]
        lines.append(f"{key.title()}: {_mail_date(given) if key == 'date' else _encoded(as_text(given))}")
    for key, content in _record(record.get("headers"), "headers").items():
        if key.lower() not in ("from", "to", "cc", "subject", "date", "content-type", "mime-version"):
            lines.append(f"{_header_name(key)}: {_encoded(as_text(content))}")
    body = as_text(record.get("body")).replace("\r\n", "\n")
    text = ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "", *body.split("\n")]
    attachments: Any = record.get("attachments")
    attached = table(attachments).rows if attachments is not None else []
    lines.append("MIME-Version: 1.0")
    if not attached:
        return "".join(f"{line}\r\n" for line in [*lines, *text])
    number = 0
    while f"--part{number}" in body:
        number += 1
    lines += [f'Content-Type: multipart/mixed; boundary="part{number}"', "", f"--part{number}", *text]
    for part in attached:
        lines += [f"--part{number}", *_attachment(part)]
    return "".join(f"{line}\r\n" for line in [*lines, f"--part{number}--"])


def _attachment(part: Mapping[str, Any]) -> list[str]:
    name = _one_line(as_text(part.get("name"))).replace("\\", "_").replace('"', "_")
    kind = as_text(part.get("type")) or "application/octet-stream"
    data = base64.b64encode(bytes_of(part.get("text"))).decode("ascii")
    pieces = [data[at : at + 76] for at in range(0, len(data), 76)]
    return [f"Content-Type: {_one_line(kind)}", f'Content-Disposition: attachment; filename="{_encoded(name)}"',
            "Content-Transfer-Encoding: base64", "", *pieces]  # fmt: skip


def _header_name(name: str) -> str:
    if not name or not name.isascii() or any(not (sign.isalnum() or sign in "-_") for sign in name):
        raise Unmet(f"{shown(name)} cannot be the name of a header")
    return name


def _encoded(text: str) -> str:
    """A header's text; what is not ASCII as encoded words of at most 45 bytes each."""
    text = _one_line(text)
    if text.isascii():
        return text
    words: list[str] = []
    piece = b""
    for sign in text:
        octets = sign.encode("utf-8", "replace")
        if len(piece) + len(octets) > 45:
            words.append(base64.b64encode(piece).decode("ascii"))
            piece = b""
        piece += octets
    words.append(base64.b64encode(piece).decode("ascii"))
    return " ".join(f"=?utf-8?b?{word}?=" for word in words)


def _mail_date(value: Any) -> str:
    """A time as messages write it, whatever the locale."""
    if not isinstance(value, date):
        return _one_line(as_text(value))
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[moment.month - 1]
    zone = moment.utcoffset()
    minutes = 0 if zone is None else int(zone.total_seconds()) // 60
    offset = "" if zone is None else f" {'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
    return f"{day}, {moment.day} {month} {moment.year:04} {moment:%H:%M:%S}{offset}"
