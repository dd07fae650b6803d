"""Messages of electronic mail: headers, addresses, parts."""

from __future__ import annotations

import contextlib
import datetime
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawc.stdlib.checks.email_messages import decoded_words, email_message, mail_addresses, mail_time
from clawc.stdlib.checks.values import File, Unmet


def file(data: bytes) -> File:
    return File("f", "out/f.eml", "email", data)


def composed() -> EmailMessage:
    """A message as the standard library writes it."""
    message = EmailMessage()
    message["From"] = "Zoë Müller <zoe@example.org>"
    message["To"] = ["ada@example.org", '"Lovelace, Ada" <lovelace@example.org>']
    message["Subject"] = "Grüße aus Köln " * 12
    message["Date"] = datetime.datetime(2026, 3, 17, 9, 30, tzinfo=datetime.UTC)
    message.set_content("Schöne Grüße,\n\nZoë = Zoe\n" + "x" * 200 + "\n")
    message.add_alternative("<p>Schöne <b>Grüße</b>", subtype="html")
    message.add_attachment(b"\x89PNG\r\n", maintype="image", subtype="png", filename="bild größe.png")
    message.add_attachment("a,b\n1,2\n", subtype="csv", filename="t.csv")
    return message


def test_a_message_of_the_standard_library() -> None:
    found = email_message(file(composed().as_bytes()))
    assert found["from"] == "zoe@example.org"
    assert found["to"] == ["ada@example.org", "lovelace@example.org"]
    assert found["cc"] == []
    assert found["subject"] == ("Grüße aus Köln " * 12).strip()
    assert found["date"] == datetime.datetime(2026, 3, 17, 9, 30, tzinfo=datetime.UTC)
    assert found["body"] == "Schöne Grüße,\n\nZoë = Zoe\n" + "x" * 200
    assert found["attachments"].rows == [
        {"name": "bild größe.png", "type": "image/png", "size": 6, "text": None},
        {"name": "t.csv", "type": "text/csv", "size": 8, "text": "a,b\n1,2\n"},
    ]
    assert found["headers"]["mime-version"] == "1.0"


def test_html_alone_is_read_as_text() -> None:
    found = email_message("Content-Type: text/html\n\n<p>One<p>two &amp; three")
    assert found["body"] == "One two & three"
    assert email_message("Content-Type: text/html\n\nonly text")["body"] == "only text"


def test_headers() -> None:
    found = email_message("A: 1\nSubject: one\n  two\nA: 2\nno header\nB: 3")
    assert found["headers"] == {"a": "1", "subject": "one two"}
    assert found["body"] == "no header\nB: 3"
    assert (found["from"], found["to"], found["date"]) == ("", [], None)
    assert email_message("Subject:x")["body"] == ""


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("a@b.c", ["a@b.c"]),
        ("Ada <a@b.c>, B (the <x@y>, one) <b@b.c> , c@b.c (C)", ["a@b.c", "b@b.c", "c@b.c"]),
        ('"Last, First" <a@b.c>;"x\\", y" <b@b.c>', ["a@b.c", "b@b.c"]),
        ('"a.b"@b.c', ['"a.b"@b.c']),
        ("team: a@b.c, b@b.c;, c@b.c", ["a@b.c", "b@b.c", "c@b.c"]),
        ("undisclosed-recipients:;", []),
        ("root, Ada Bo", ["root", "Ada Bo"]),
        ("<a@b.c", ["a@b.c"]),
        ("", []),
    ],
)
def test_addresses(text: str, addresses: list[str]) -> None:
    assert mail_addresses(text) == addresses


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?ISO-8859-1?B?R3L832U=?=", "Grüße"),
        ("=?utf-8?b?R3I?= =?utf-8?q?=C3=BC_e?= x", "Grü e x"),
        ("=?no-such?q?a=20b?=", "a b"),
        ("=?utf-8?x?a?= = ?", "=?utf-8?x?a?= = ?"),
    ],
)
def test_encoded_words(text: str, expected: str) -> None:
    assert decoded_words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tue, 17 Mar 2026 09:30:00 +0100", "2026-03-17T09:30:00+01:00"),
        ("Tue, 17 Mar 2026 09:30:00 -0500 (EST)", "2026-03-17T09:30:00-05:00"),
        ("17 Mar 26 9:30 PST", "2026-03-17T09:30:00-08:00"),
        ("Tue, 17 Mar 2026 09:30:00", "2026-03-17T09:30:00"),
        ("Wed, 17 Mar 2026 09:30:00 GMT", None),
        ("soon", None),
        ("", None),
    ],
)
def test_times(text: str, expected: str | None) -> None:
    if text.startswith("17 Mar 26"):
        text = text.replace("26", "2026", 1)
    found = mail_time(text)
    assert (None if found is None else found.isoformat()) == expected


def nested(depth: int) -> bytes:
    head = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(depth)
    )
    return b"Subject: x\n" + head + b"\ndeep\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "`out/f.eml` is not a message: it does not begin with headers"),
        (b"\nSubject: x\n", "`out/f.eml` is not a message: it does not begin with headers"),
        (b"Dear Ada,\nhello: you\n", "`out/f.eml` is not a message: it does not begin with headers"),
        (nested(22), "`out/f.eml` has parts nested deeper than 20 levels"),
        (b"A: b\n" * 10_001, "`out/f.eml` has more than 10000 lines of headers"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n" * 1_100, "`out/f.eml` has more than 1000 parts"),
        (b"To: " + b"a@b," * 20_000, "a header has more than 10000 addresses"),
    ],
)
def test_what_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(Unmet) as caught:
        email_message(file(data))
    assert str(caught.value) == message


def test_parts_that_are_badly_formed_are_read_as_far_as_they_go() -> None:
    assert email_message(file(nested(20)))["body"] == "deep"
    cut = composed().as_bytes()
    for length in range(0, len(cut), 37):
        with contextlib.suppress(Unmet):
            email_message(file(cut[:length]))
    assert email_message("Content-Transfer-Encoding: base64\n\nQUJDR")["body"] == "ABC"
    assert email_message("Content-Type: text/plain; charset=zlib\n\nx")["body"] == "x"
    assert email_message("Content-Type: multipart/mixed; boundary=b\n\nno parts")["body"] == ""


PIECES = st.sampled_from(
    ["Subject: x\n", "To: ", "Date: ", "Content-Type: multipart/mixed; boundary=b\n", "Content-Type: text/html\n", "\n", "--b\n",
     "--b--\n", "=?utf-8?q?", "?=", "=C3", "=\n", '"', "\\", "<", ">", "(", ")", ",", ";", ":", "@", "a", " ", "filename*0*=utf-8''%C3",
     "Content-Transfer-Encoding: base64\n", "Content-Transfer-Encoding: quoted-printable\n", "Content-Disposition: attachment;"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40).map("".join), st.binary(max_size=60))
def test_bytes_raise_only_unmet(text: str, data: bytes) -> None:
    sources: list[Any] = [text, file(text.encode()), file(b"A: b\n" + data), file(b"To: " + data)]
    for source in sources:
        with contextlib.suppress(Unmet):
            email_message(source)


BAIT = [b"(", b")", b'"', b'\\"', b"<", b",", b":", b"=?", b"=?utf-8?q?a", b"=?u?q?=41?=", b"; a=\"", b"; a*0=x", b" \n", b"\n ", b"--b", b"--b ",
        b"--b\n", b"=41", b"=\n", b"a\n", b"a"]  # fmt: skip


@pytest.mark.parametrize("bait", BAIT)
def test_no_bytes_make_the_reader_hang(bait: bytes) -> None:
    long = (bait * 2_000_000)[:2_000_000]
    head = b"Content-Type: multipart/mixed; boundary=b\n"
    coded = [b"Content-Transfer-Encoding: %s\n\n" % name for name in (b"base64", b"quoted-printable")]
    for data in (b"To: " + long, b"Subject: " + long, b"Date: " + long, b"Content-Type: a/b" + long, head + b"\n" + long,
                 *(c + long for c in coded)):  # fmt: skip
        with contextlib.suppress(Unmet):
            email_message(file(data))


ZONES = {"UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
         "PST": -8, "PDT": -7, "gmt": 0}  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
def test_zones_by_name(zone: str) -> None:
    found = mail_time(f"17 Mar 2026 09:30:00 {zone}")
    assert found is not None and found.utcoffset() == datetime.timedelta(hours=ZONES[zone])


@pytest.mark.parametrize(
    "text",
    [
        "Tue, 17 Mar 2026 09:30:00",
        "17 Mar 2026 09:30:00",
        "Tue, 17 Mar 2026 09:30",
        "17 Mar 2026 09:30",
        "17 Mar  2026\t9:30",
    ],
)
def test_forms_of_times(text: str) -> None:
    assert mail_time(text) == datetime.datetime(2026, 3, 17, 9, 30)
    assert mail_time(f"{text} +0530 (x y)") == datetime.datetime.fromisoformat("2026-03-17T09:30+05:30")
    assert mail_time(f"{text} XYZ") is None


@pytest.mark.parametrize(
    ("headers", "row"),
    [
        ("Content-Type: text/plain; name=a.txt", ("a.txt", "text/plain", 1, "x")),
        ('Content-Disposition: attachment; filename="a \\"b\\".txt"', ('a "b".txt', "text/plain", 1, "x")),
        ("Content-Disposition: inline; filename=b.txt\nContent-Type: text/x; name=a.txt", ("b.txt", "text/x", 1, "x")),
        ("Content-Disposition: ATTACHMENT\nContent-Type: image/png", ("", "image/png", 1, "x")),
        ("Content-Disposition: attachment; FILENAME=a; filename=b", ("a", "text/plain", 1, "x")),
        (
            "Content-Disposition: attachment; filename*=utf-8''%C3%BC.txt; filename=u.txt",
            ("ü.txt", "text/plain", 1, "x"),
        ),
        ("Content-Disposition: attachment; filename*=iso-8859-1'de'%FC", ("ü", "text/plain", 1, "x")),
        (
            "Content-Disposition: attachment; filename*0=ab; filename*1=cd; filename*2=ef",
            ("abcdef", "text/plain", 1, "x"),
        ),
        ("Content-Disposition: attachment; filename*0*=utf-8''a%20; filename*1=b%20", ("a b%20", "text/plain", 1, "x")),
        ("Content-Disposition: attachment; filename=a\nContent-Type: no type", ("a", "text/plain", 1, "x")),
    ],
)
def test_names_of_attachments(headers: str, row: tuple[object, ...]) -> None:
    text = f"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nbody\n--b\n{headers}\n\nx\n--b--\n"
    found = email_message(text)
    assert found["body"] == "body"
    assert [tuple(r.values()) for r in found["attachments"].rows] == [row]


def test_a_digest_holds_messages() -> None:
    inner = "--b\n\nSubject: one\n\nfirst\n--b--\n"
    rows = email_message(f"Content-Type: multipart/digest; boundary=b\n\n{inner}")["attachments"].rows
    plain = email_message(f"Content-Type: multipart/mixed; boundary=b\n\n{inner}")
    assert [row["type"] for row in rows] == ["message/rfc822"]
    assert plain["body"] == "Subject: one\n\nfirst"


def test_boundaries() -> None:
    head = "Content-Type: multipart/mixed; boundary=b\n\n"
    assert (
        email_message(head + "before\n--b\n\none\n--bc\ntwo --b\n--b--\nafter\n--b\n\nnone\n")["body"]
        == "one\n--bc\ntwo --b"
    )
    assert email_message((head + "--b \t\n\none\n--b--\n").replace("\n", "\r\n"))["body"] == "one"
    assert email_message(head + "--b\n\nnever ended\n")["body"] == "never ended"


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("a\\,b@c, d@e", ["ab@c", "d@e"]),
        ("(a (b) c) d@e", ["d@e"]),
        ("(y\\) z) d@e", ["d@e"]),
        ("A <a@b> trailing, c@d", ["a@b", "c@d"]),
        ("<@route:a@b>", ["a@b"]),
        ('"open, a@b', []),
    ],
)
def test_marks_in_addresses(text: str, addresses: list[str]) -> None:
    assert mail_addresses(text) == addresses


def test_line_ends_of_attachments() -> None:
    head = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nbody\r\n"
    part = "--b\r\nContent-Disposition: attachment; filename=a\r\n\r\none\r\ntwo\r\n\r\n--b--\r\n"
    found = email_message(file((head + part).encode()))
    assert [row["text"] for row in found["attachments"].rows] == ["one\ntwo\n"]
