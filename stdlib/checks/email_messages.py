"""Messages of electronic mail (RFC 5322, MIME): headers, addresses, the text and the attachments.

What is badly formed is read as far as it goes; the same bytes give the same record in every version of Python.
"""

from __future__ import annotations

import binascii
import datetime
import re
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from clawc.stdlib.checks.dates import time_in_format
from clawc.stdlib.checks.html_documents import html_tree
from clawc.stdlib.checks.markup import TextBudget, element_text
from clawc.stdlib.checks.readers import require_text_size, source_name, text_of
from clawc.stdlib.checks.values import File, Row, Table, Unmet, require_bytes

MAX_MAIL_PARTS = 1_000
MAX_MAIL_DEPTH = 20
MAX_MAIL_HEADERS = 10_000
MAX_MAIL_HEADER_TEXT = 2_000_000
MAX_MAIL_ADDRESSES = 10_000
MAX_MAIL_ADDRESS_TEXT = 250_000
MAX_MAIL_PARAMETERS = 10_000  # characters of a header that are read as parameters

_HEADER_NAME = re.compile(r"([!-9;-~]+)[ \t]*:")
_PARAMETER = re.compile(r";\s*([^\s=;\"]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;\"]*))")
_ENCODED_WORD = re.compile(r"=\?([-\w.:]{1,40})(?:\*[-\w]*)?\?([bBqQ])\?([^?\s]*)\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)\s+(?==\?)")
_NOT_BASE64 = bytes(c for c in range(256) if not (chr(c).isalnum() and c < 128) and c not in b"+/")
_BOUNDARY_END = re.compile(rb"(--)?[ \t]*(?:\r?\n|\r?\Z)")
_PERCENT_OCTET = re.compile(rb"%([0-9A-Fa-f]{2})")
_ADDRESS_MARK = re.compile(r"[\"(),:;<>\\]")
_ZONE_COMMENT = re.compile(r"\s*\([^()]*\)\s*\Z")
_ZONE_NAMES = {
    "UT": "+0000", "UTC": "+0000", "GMT": "+0000", "Z": "+0000", "EST": "-0500", "EDT": "-0400", "CST": "-0600",
    "CDT": "-0500", "MST": "-0700", "MDT": "-0600", "PST": "-0800", "PDT": "-0700",
}  # fmt: skip
_MAIL_TIMES = ("%a, %d %b %Y %H:%M:%S", "%d %b %Y %H:%M:%S", "%a, %d %b %Y %H:%M", "%d %b %Y %H:%M")


class MailPart(NamedTuple):
    """A part of a message that is no container: its headers by lower-case name, and its decoded bytes."""

    headers: Dict[str, str]
    kind: str
    data: bytes


def email_message(source: Any) -> Row:
    """A message as a record of from, to, cc, subject, date, headers, body and attachments.

    Addresses are without names. Of a header that occurs more than once the first counts. The body is the plain text,
    or where there is none the text of the HTML.
    """
    data = require_bytes(source) if isinstance(source, File) else text_of(source).encode("utf-8", "surrogatepass")
    name = source_name(source)
    require_text_size(data, name)
    headers, _ = _mail_headers(data, 0, len(data), name, [MAX_MAIL_HEADERS, MAX_MAIL_HEADER_TEXT])
    if not headers:
        raise Unmet(f"{name} is not a message: it does not begin with headers")
    body_text: Optional[str] = None
    html_text: Optional[str] = None
    attachments: List[Row] = []
    for part in _mail_parts(data, name):
        attached, filename = _disposition(part)
        if not attached and part.kind == "text/plain" and body_text is None:
            body_text = _mail_text(part)
        elif not attached and part.kind == "text/html" and html_text is None:
            html_text = _mail_text(part)
        elif attached or not part.kind.startswith("text/"):
            attachments.append(
                {"name": filename, "type": part.kind, "size": len(part.data), "text": _utf8_text(part.data)}
            )
    if body_text is None:
        body_text = "" if html_text is None else _text_of_page(html_text)
    addresses = {key: mail_addresses(headers.get(key, "")) for key in ("from", "to", "cc")}
    return {
        "from": addresses["from"][0] if addresses["from"] else "",
        "to": addresses["to"],
        "cc": addresses["cc"],
        "subject": decoded_words(headers.get("subject", "")),
        "date": mail_time(headers.get("date", "")),
        "headers": {key: decoded_words(value) for key, value in headers.items()},
        "body": body_text,
        "attachments": Table(["name", "type", "size", "text"], attachments),
    }


def _mail_headers(data: bytes, begin: int, end: int, name: str, room: List[int]) -> Tuple[Dict[str, str], int]:
    """The headers between two places, the first of a name counting, and the place where the content begins.

    `room` holds how many lines and characters of headers the message may still have.
    """
    found: Dict[str, str] = {}
    current = ""
    lines: List[str] = []

    def finish() -> None:
        if current:
            found.setdefault(current, " ".join(" ".join(lines).split()))

    while begin < end:
        stop = data.find(b"\n", begin, end)
        stop = end if stop < 0 else stop + 1
        line = data[begin:stop].rstrip(b"\r\n").decode("utf-8", "replace")
        if not line.strip():
            begin = stop
            break
        room[0] -= 1
        room[1] -= len(line)
        if room[0] < 0:
            raise Unmet(f"{name} has more than {MAX_MAIL_HEADERS} lines of headers")
        if room[1] < 0:
            raise Unmet(f"{name} has headers of more than {MAX_MAIL_HEADER_TEXT} characters")
        if line[0] in " \t" and current:
            lines.append(line)
        else:
            header = _HEADER_NAME.match(line)
            if header is None:
                if found or current:
                    break  # the empty line is missing
                return {}, begin
            finish()
            current, lines = header.group(1).lower(), [line[header.end() :]]
        begin = stop
    finish()
    return found, begin


def _mail_parts(data: bytes, name: str) -> Iterator[MailPart]:
    """The parts of a message that are no containers, in order."""
    pending: List[Tuple[int, int, int, str]] = [(0, len(data), 0, "text/plain")]
    count, room = 0, [MAX_MAIL_HEADERS, MAX_MAIL_HEADER_TEXT]
    while pending:
        begin, end, depth, usual = pending.pop()
        count += 1
        if count > MAX_MAIL_PARTS:
            raise Unmet(f"{name} has more than {MAX_MAIL_PARTS} parts")
        headers, content = _mail_headers(data, begin, end, name, room)
        kind, parameters = _header_parameters(headers.get("content-type", usual))
        kind = kind if re.match(r"[-\w.+]+/[-\w.+]+\Z", kind) else "text/plain"
        boundary = parameters.get("boundary", "")
        if kind.startswith("multipart/") and boundary:
            if depth >= MAX_MAIL_DEPTH:
                raise Unmet(f"{name} has parts nested deeper than {MAX_MAIL_DEPTH} levels")
            usual = "message/rfc822" if kind == "multipart/digest" else "text/plain"
            inner = _mail_sections(data, content, end, boundary, name)
            pending.extend((opened, ended, depth + 1, usual) for opened, ended in reversed(inner))
        else:
            encoding = headers.get("content-transfer-encoding", "").strip().lower()
            yield MailPart(headers, kind, _transfer_decoded(data[content:end], encoding))


def _mail_sections(data: bytes, begin: int, end: int, boundary: str, name: str) -> List[Tuple[int, int]]:
    """The places of the parts between the lines that begin with `--` and the boundary."""
    mark = b"--" + boundary.encode("utf-8", "surrogatepass")
    found: List[Tuple[int, int]] = []
    opened = -1
    place = data.find(mark, begin, end)
    while place >= 0:
        rest = _BOUNDARY_END.match(data, place + len(mark), end)
        if rest is not None and (place == begin or data[place - 1] == 10):
            if opened >= 0:
                ended = place - (2 if data[place - 2 : place] == b"\r\n" else 1)  # the line end belongs to the boundary
                found.append((opened, max(opened, ended)))
                if len(found) > MAX_MAIL_PARTS:
                    raise Unmet(f"{name} has more than {MAX_MAIL_PARTS} parts")
            if rest.group(1):
                return found
            opened = rest.end()
        place = data.find(mark, place + len(mark), end)
    if opened >= 0:
        found.append((opened, end))
    return found


def _header_parameters(value: str) -> Tuple[str, Dict[str, str]]:
    """The first word of a header in lower case, and its parameters; those split as `name*0=` are put together."""
    value = value[:MAX_MAIL_PARAMETERS]
    found: Dict[str, str] = {}
    for part in _PARAMETER.finditer(value):
        key = part.group(1).lower()
        content = part.group(3) if part.group(2) is None else re.sub(r"\\(.)", r"\1", part.group(2))
        plain_key, star, rest = key.partition("*")
        if star:
            if rest in ("", "0*") or rest.endswith("*"):
                charset, coded = content.partition("'")[0], content.rpartition("'")[2]
                octets = _PERCENT_OCTET.sub(lambda m: bytes([int(m.group(1), 16)]), coded.encode("utf-8", "replace"))
                content = _decoded(octets, charset or "utf-8")
            found[plain_key] = found.get(plain_key, "") + content if rest not in ("", "0", "0*") else content
        else:
            found.setdefault(key, content)
    return value.partition(";")[0].strip().lower(), found


def _disposition(part: MailPart) -> Tuple[bool, str]:
    """Whether a part is attached, and the name of its file, empty where it has none."""
    kind, parameters = _header_parameters(part.headers.get("content-disposition", ""))
    name = parameters.get("filename") or _header_parameters(part.headers.get("content-type", ""))[1].get("name", "")
    return kind == "attachment" or bool(name), decoded_words(name)


def _transfer_decoded(data: bytes, encoding: str) -> bytes:
    """The content of a part without its transfer encoding."""
    if encoding == "base64":
        return _base64_bytes(data)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    return data


def _base64_bytes(data: bytes) -> bytes:
    """What base64 spells; other characters are skipped, and an end that is cut off is dropped."""
    signs = data.translate(None, _NOT_BASE64)
    rest = len(signs) % 4
    signs = signs[:-1] if rest == 1 else signs + b"=" * (-len(signs) % 4)
    return binascii.a2b_base64(signs)


def _decoded(data: bytes, charset: str) -> str:
    """Bytes as text; what the charset does not have becomes U+FFFD."""
    charset = charset.strip().lower()
    if not re.match(r"(utf-?(8|16|32)|us-ascii|ascii|iso|latin|windows|cp\d|koi8|gb|big5|euc|shift|mac)", charset):
        charset = "utf-8"
    try:
        return data.decode(charset, "replace")
    except (LookupError, ValueError):
        return data.decode("utf-8", "replace")


def _mail_text(part: MailPart) -> str:
    """The text of a part, with LF as line end and without blank lines at its ends."""
    charset = _header_parameters(part.headers.get("content-type", ""))[1].get("charset", "utf-8")
    text = _decoded(part.data, charset).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    return text.strip("\n")


def _utf8_text(data: bytes) -> Optional[str]:
    """The text that bytes are, or None."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text.replace("\r\n", "\n")


def _text_of_page(page: str) -> str:
    """The text of a part in HTML."""
    return element_text(html_tree(f"<html lang=''>{page}"), TextBudget("the message"))


def decoded_words(text: str) -> str:
    """A header with its encoded words (`=?utf-8?q?…?=`) as the text they stand for."""
    if "=?" not in text:
        return text

    def word(found: Any) -> str:
        charset, encoding, content = found.groups()
        octets = content.encode("utf-8", "replace")
        if encoding in "bB":
            return _decoded(_base64_bytes(octets), charset)
        return _decoded(binascii.a2b_qp(octets, header=True), charset)

    return _ENCODED_WORD.sub(word, _BETWEEN_WORDS.sub(r"\1", text))


def mail_addresses(text: str) -> List[str]:
    """The addresses of a header without names, comments and groups, as they are written."""
    if len(text) > MAX_MAIL_ADDRESS_TEXT:
        raise Unmet(f"a header with addresses is longer than {MAX_MAIL_ADDRESS_TEXT} characters")
    found: List[str] = []
    plain_part, in_angle = "", ""
    depth, angle, position = 0, False, 0

    def finish() -> None:
        address = in_angle or plain_part
        address = "".join(address.split()) if "@" in address else " ".join(address.split())
        if address:
            found.append(address)
            if len(found) > MAX_MAIL_ADDRESSES:
                raise Unmet(f"a header has more than {MAX_MAIL_ADDRESSES} addresses")

    pieces: List[str] = []  # of the plain part, or of what stands in `<…>`
    while position < len(text):
        mark = _ADDRESS_MARK.search(text, position)
        stop = len(text) if mark is None else mark.start()
        if not depth:
            pieces.append(text[position:stop])
        if mark is None:
            break
        sign, position = mark.group(), mark.end()
        if sign == "\\":
            position += 1
        elif sign == "(":
            depth += 1
        elif depth:
            depth -= sign == ")"
        elif sign == '"':
            end = text.find('"', position)
            while end > 0 and text[end - 1] == "\\":
                end = text.find('"', end + 1)
            end = len(text) if end < 0 else end
            if text[end + 1 : end + 2] == "@":
                pieces.append(f'"{text[position:end]}"')  # a quoted local part
            position = end + 1
        elif sign == "<":
            pieces, angle = [], True
        elif sign == ">" and angle:
            in_angle, pieces, angle = "".join(pieces), [], False
        elif sign == ":":
            pieces = []  # the name of a group, or a route
        elif sign in ",;":
            plain_part = "".join(pieces)
            finish()
            plain_part, in_angle, pieces, angle = "", "", [], False
    plain_part = "".join(pieces)
    finish()
    return found


def mail_time(text: str) -> Optional[datetime.datetime]:
    """The time of a header `Date`, with its offset; None when it spells none."""
    text = " ".join(_ZONE_COMMENT.sub("", text[:200]).split())
    head, _, zone = text.rpartition(" ")
    zone = _ZONE_NAMES.get(zone.upper(), zone)
    for form in _MAIL_TIMES:
        found = time_in_format(f"{head} {zone}", form + " %z") or time_in_format(text, form)
        if found is not None:
            return found
    return None
