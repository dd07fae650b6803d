"""Other spellings of the same tree of values, calendar, mail, XML; and files that change nothing."""

from __future__ import annotations

import base64
import quopri
import re
from collections.abc import Callable, Iterator
from email.header import Header
from random import Random

from tests.holdout.model import Answer, Files, Instance, MailTruth, TreeTruth, Value
from tests.holdout.operators import Operator, on_texts
from tests.holdout.reading import tree_of
from tests.holdout.writing import ini_text, json_text, toml_text, toml_value, yaml_text


def _of(form: str, name: str, write: Callable[[Value], Iterator[str]]) -> Operator:
    """Other texts of the same tree; files that are edited in place keep their layout."""

    def apply(_: Instance, answer: Answer, data: bytes, __: Random) -> Iterator[Files]:
        if answer.form == form and isinstance(answer.truth, TreeTruth) and not answer.path.startswith("deploy/"):
            for text in write(tree_of(form, data)):
                yield {answer.path: text.encode()}

    return Operator(name, "promised", apply)


def _turned(value: Value) -> Value:
    return {key: _turned(part) for key, part in reversed(value.items())} if isinstance(value, dict) else value


def _json(value: Value) -> Iterator[str]:
    yield from (
        json_text(value),
        json_text(value, "\t"),
        json_text(value, 4, ascii_only=True),
        json_text(value, 3, sort=True),
    )
    yield json_text(_turned(value), 2) + "\n\n"
    yield "\n" + json_text(value, 2).replace("\n", "\r\n")
    yield "\ufeff" + json_text(value, 2)


def _flow(value: Value) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(part)}" for key, part in value.items()) + "}"
    return "[" + ", ".join(map(_flow, value)) + "]" if isinstance(value, list) else _scalar(value)


def _scalar(value: Value, quote: str = "'") -> str:
    if isinstance(value, str):
        bare = re.fullmatch(r"[A-Za-z][A-Za-z ]*", value) and value.lower() not in (
            "true",
            "false",
            "null",
            "yes",
            "no",
            "on",
            "off",
        )
        return value if bare else quote + value.replace("'", "''") + quote
    return json_text(value)


def _block(value: Value, indent: int, dash: str = "", depth: int = 0) -> str:
    pad = " " * (indent * depth)
    if isinstance(value, dict):
        return "".join(
            f"{pad}{key}:" + (f" {_scalar(part)}\n" if not isinstance(part, (dict, list)) else f"\n{_block(part, indent, dash, depth + 1)}" if part else f" {json_text(part)}\n")
            for key, part in value.items()
        )  # fmt: skip
    if isinstance(value, list):
        return "".join(f"{pad[len(dash) :]}- {_scalar(part)}\n" for part in value)
    return _scalar(value)


def _yaml(value: Value) -> Iterator[str]:
    block = _block(value, 2)
    yield _flow(value) + "\n"
    yield json_text(value, 2)
    yield json_text(value)
    yield block
    yield _block(value, 4)
    yield _block(value, 2, "  ")
    yield "---\n" + block + "...\n"
    yield "%YAML 1.2\n---\n" + block
    yield "# summary of today\n" + re.sub(r"^(total: .*)$", r"\1   # all of them", block, flags=re.M)
    yield re.sub(r"^(\s*)(\w+):", r'\1"\2":', block, flags=re.M)
    yield re.sub(r": ([0-9]+)$", r": \1.0", block, flags=re.M)
    yield block.replace("true", "True").replace("false", "False")
    yield block.replace("\n", "\r\n")
    yield "\ufeff" + yaml_text(_turned(value))
    yield block.replace(": ", ":   ")


def _toml(value: Value) -> Iterator[str]:
    text = toml_text(value)
    yield toml_text(value, dotted=True)
    if isinstance(value, dict):
        yield "".join(f"{key} = {toml_value(part)}\n" for key, part in value.items())
        yield "".join(f'"{key}" = {toml_value(part)}\n' for key, part in reversed(value.items()))
    yield text.replace('"', "'")
    yield "# of today\n" + re.sub(r"^(total = .*)$", r"\1  # all", text, flags=re.M)
    yield text.replace(" = ", "=")
    yield re.sub(r"= \[(.+)\]$", lambda m: "= [\n  " + m[1].replace(", ", ",\n  ") + ",\n]", text, flags=re.M)
    yield re.sub(r"= ([0-9]+)$", r"= \1.0", text, flags=re.M)
    yield re.sub(r"= ([0-9]+)$", r"= +\1", text, flags=re.M)
    yield text.replace("\n", "\r\n").rstrip()
    yield re.sub(r'= "([a-z0-9]*)"$', r'= """\1"""', text, flags=re.M)
    yield re.sub(r"^\[(\w+)\]", r"[ \1 ]  # here", text, flags=re.M)


def _ini(value: Value) -> Iterator[str]:
    yield ini_text(value, ": ")
    yield ini_text(value, "=")
    yield ini_text(value, "   =   ")
    yield ini_text(_turned(value))
    yield "; plan\n# of today\n\n" + ini_text(value).replace("\n", "\n\n")
    yield re.sub(r"^(port = .*)$", r"# where it listens\n\1", ini_text(value), flags=re.M)
    yield ini_text(value).replace("\n", "\r\n")
    yield ini_text(value).replace("true", "True").replace("false", "FALSE")
    yield re.sub(r"port = ([0-9]+)", r"port = \1.0", ini_text(value))
    yield "\ufeff" + ini_text(value).rstrip()


def _edited(text: str, _: Random) -> Iterator[str]:
    """Line ends of a file that is edited in place; the rest of its layout is asked for."""
    yield text.replace("\n", "\r\n")
    yield text.rstrip("\n")
    yield "\ufeff" + text


def _in_place(_: Instance, answer: Answer, data: bytes, random: Random) -> Iterator[Files]:
    if answer.path.startswith("deploy/"):
        for text in _edited(data.decode(), random):
            yield {answer.path: text.encode()}


def _xml(text: str, _: Random) -> Iterator[str]:
    body = re.sub(r"<\?xml.*?\?>\s*", "", text)
    yield body
    yield re.sub(r"><", ">\n  <", text)
    yield re.sub(r'<item sku="([^"]*)" town="([^"]*)">', r"<item town='\2'  sku='\1' >", text)
    yield re.sub(
        r"<name>(.*?)</name>",
        lambda m: f"<name><![CDATA[{m[1].replace('&amp;', '&').replace('&lt;', '<').replace('&gt;', '>')}]]></name>",
        text,
    )
    yield re.sub(r"(<name>.*?</name>)(<price>.*?</price>)", r"\2\1", text)
    yield re.sub(r"<price>(.*?)</price>", r"<price> \1 </price>", text)
    yield re.sub(r"<catalog>", "<catalog><!-- cheap ones -->", text)
    yield re.sub(r"[^\x00-\x7f]", lambda m: f"&#{ord(m[0])};", text)
    yield re.sub(r"[^\x00-\x7f]", lambda m: f"&#x{ord(m[0]):X};", text)
    yield "\ufeff" + text.replace("\n", "\r\n")
    yield "<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n<!DOCTYPE catalog>\n" + body
    yield re.sub(r"<price>([0-9]+)</price>", r"<price>\1.00</price>", text)


def _xml_encodings(_: Instance, answer: Answer, data: bytes, __: Random) -> Iterator[Files]:
    if answer.form == "xml":
        text = re.sub(r"<\?xml.*?\?>", '<?xml version="1.0" encoding="ISO-8859-1"?>', data.decode())
        if all(ord(sign) < 256 for sign in text):
            yield {answer.path: text.encode("latin-1")}
        yield {answer.path: data.decode().replace("UTF-8", "UTF-16").encode("utf-16")}


def _calendar(text: str, random: Random) -> Iterator[str]:
    events = re.findall(r"BEGIN:VEVENT\r?\n.*?END:VEVENT\r?\n", text, flags=re.S)
    head = text[: text.index("BEGIN:VEVENT")]
    yield head + "".join(events[::-1]) + "END:VCALENDAR\n"
    yield head + "".join(random.sample(events, len(events))) + "END:VCALENDAR\n"
    yield text.replace("\r\n", "\n").replace("\n", "\r\n")
    yield re.sub(r"UID:(\w+)", r"UID:x-\1@example.org", text)
    yield re.sub(r"(END:VEVENT)", "SEQUENCE:0\nSTATUS:CONFIRMED\nTRANSP:OPAQUE\n\\1", text)
    yield re.sub(
        r"(END:VEVENT)", "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT15M\nDESCRIPTION:soon\nEND:VALARM\n\\1", text
    )
    yield re.sub(r"^SUMMARY:(.{12})", "SUMMARY:\\1\n ", text, flags=re.M)
    yield re.sub(
        r"PRODID:.*", "PRODID:-//Example//Office 1.0//EN\nCALSCALE:GREGORIAN\nMETHOD:PUBLISH\nX-WR-CALNAME:Visits", text
    )
    yield re.sub(r"^SUMMARY:", "SUMMARY;LANGUAGE=en:", text, flags=re.M)
    yield re.sub(r"(DTSTART:.*\n)(DTEND:.*\n)(SUMMARY:.*\n)", r"\3\2\1", text)


def _durations(text: str, _: Random) -> Iterator[str]:
    """The end by how long an event takes."""

    def lasting(match: re.Match[str]) -> str:
        minutes = (int(match[4][:2]) - int(match[2][:2])) * 60 + int(match[4][2:4]) - int(match[2][2:4])
        return f"DTSTART:{match[1]}T{match[2]}\nDURATION:PT{minutes}M\n"

    yield re.sub(r"DTSTART:(\d+)T(\d+)\r?\nDTEND:(\d+)T(\d+)\r?\n", lasting, text)


def _mails(_: Instance, answer: Answer, data: bytes, __: Random) -> Iterator[Files]:
    """A message in other codings of its headers and body."""
    truth = answer.truth
    if not isinstance(truth, MailTruth):
        return
    text = data.decode().replace("\r\n", "\n")
    body = text.partition("\n\n")[2]
    plain = "Content-Type: text/plain; charset=utf-8\n"
    head = f"From: me@example.com\nTo: {truth.to}\nSubject: {truth.subject}\nMIME-Version: 1.0\n"
    coded = f"To: <{truth.to}>\nFrom: Me <me@example.com>\nSubject: {Header(truth.subject, 'utf-8').encode()}\n"
    named = f"to: Jan <{truth.to}>\nSUBJECT: {truth.subject}\n"
    parts = f"--b\n{plain}\n{body}\n--b\nContent-Type: text/html; charset=utf-8\n\n<p>{body}</p>\n--b--\n"
    for message in (
        head + plain + "\n" + body, coded + plain + "Date: Mon, 5 Jan 2026 10:00:00 +0100\n\n" + body, named + "\n" + body,
        coded + plain + "Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(body.encode()).decode(),
        coded + plain + "Content-Transfer-Encoding: quoted-printable\n\n" + quopri.encodestring(body.encode()).decode(),
        head + 'Content-Type: multipart/alternative; boundary="b"\n\n' + parts,
        head.replace("Subject: Short", "Subject: Short\n ") + plain + "\n" + body,
    ):  # fmt: skip
        yield {answer.path: message.encode()}
        yield {answer.path: message.replace("\n", "\r\n").encode()}


def _beside(task: Instance, answer: Answer, data: bytes, __: Random) -> Iterator[Files]:
    """Further files that nobody asked for and nothing forbids."""
    folder = answer.path.rpartition("/")[0]
    yield {"notes.txt": b"I have read everything.\n", "tmp/work.py": b"print(1)\n"}
    yield {"scratch/copy.bin": data, ".cache/x": b"\0\1"}
    if task.family not in ("letters", "team_notes"):
        yield {f"{folder}/README.md": b"# About\n", f"{folder}/{answer.path.rpartition('/')[2]}.bak": data}


RIGHT_TREES = (
    _of("json", "JSON written otherwise", _json),
    _of("yaml", "YAML written otherwise", _yaml),
    _of("toml", "TOML written otherwise", _toml),
    _of("ini", "INI written otherwise", _ini),
    Operator("line ends of an edited file", "promised", _in_place),
    on_texts("XML written otherwise", ("xml",), _xml, "promised"),
    Operator("XML in another encoding", "sensible", _xml_encodings),
    on_texts("calendar written otherwise", ("ics",), _calendar, "promised"),
    on_texts("events with durations", ("ics",), _durations, "promised"),
    Operator("mail written otherwise", "promised", _mails),
    Operator("further files", "promised", _beside),
)
