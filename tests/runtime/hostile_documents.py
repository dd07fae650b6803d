"""Hostile Markdown, XML, HTML, mail and calendars."""

from __future__ import annotations

from collections.abc import Callable

from tests.runtime.hostile_encodings import Make, encoded


def markdown_files() -> dict[str, Make]:
    """Markdown."""
    deep = 100_000
    texts: dict[str, Callable[[], str]] = {
        "deep quotes": lambda: "# Stock\n" + ">" * deep + " pens 12\n",
        "deep lists": lambda: "# Stock\n" + "".join(" " * n + "- a\n" for n in range(1_900)),
        "deep list in a line": lambda: "# Stock\n" + "- " * deep + "pens\n",
        "deep lists far in": lambda: "# Stock\n" + (" " * 1_000 + "- a\n") * 1_900,
        "tabs before bullets": lambda: "# Stock\n" + ("\t" * 1_000 + "- a\n") * 1_900,
        "tabs in paragraphs": lambda: "# Stock\n" + "\ta" * 900_000 + "\n",
        "deep emphasis": lambda: "# Stock\n" + "*a" * deep + "a*" * deep + "\n",
        "deep links": lambda: "# Stock\n" + "[" * deep + "a" + "](b)" * deep + "\n",
        "rows": lambda: "# Stock\n\n| item | n |\n|--|--|\n" + "| pen | 12 |\n" * 160_000,
        "columns": lambda: "|" + "".join(f"c{n}|" for n in range(100_000)) + "\n|" + "-|" * 100_000 + "\n",
        "tables": lambda: "| item | n |\n|--|--|\n| pen | 12 |\n\n" * 52_000,
        "headers of tables": lambda: "|a|b|\n" * 330_000,
        "rules of wide tables": lambda: ("|" + "-|" * 9_000 + "\n") * 100,
        "wide cells": lambda: "| item | n |\n|--|--|\n| " + "pen " * 450_000 + "| 12 |\n",
        "sections": lambda: "# Stock\n" + "## Items\n" * 200_000,
        "empty headings": lambda: "# Stock\n" + "#\n" * 900_000,
        "numbered headings": lambda: "# 1.1.1.1 \n" * 180_000,
        "headings in bold": lambda: "**a**\n\n" * 280_000,
        "front matter": lambda: "---\na: b\n" + "a: b\n" * 390_000,
        "comments": lambda: "<!--" * 490_000 + "\n-->\n",
        "nested comments": lambda: "<!-- a -->" * 190_000,
        "half comments": lambda: "<!-- a\n" * 280_000 + "-->\n",
        "open fence": lambda: "```\n" + "12 pens\n" * 240_000,
        "fences of many sizes": lambda: "".join("`" * n + "\n" for n in range(3, 1_900)),
        "ticks of many sizes": lambda: " ".join("`" * n for n in range(1, 1_900)),
        "escapes": lambda: "\\*" * 900_000,
        "tags": lambda: "<b>" * 600_000,
        "open tag": lambda: "<b " + "a" * 1_900_000,
        "open tags": lambda: "<b a" * 490_000,
        "abbreviations": lambda: "e.g. " * 390_000,
        "digits and commas": lambda: "12,345," * 280_000,
        "near misses": lambda: "12 pen, 12.5 pens. " * 100_000,
        "passages": lambda: "- 12 pen\n" * 200_000,
        "one bullet of many lines": lambda: "- a\n" + "  b\n" * 490_000,
        "one paragraph": lambda: "b\n" * 990_000,
        "code in a bullet": lambda: "- a\n\n" + "  ```\n  b\n  ```\n" * 110_000,
    }
    return encoded(texts)


def xml_files() -> dict[str, Make]:
    """XML."""
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(12))
    texts: dict[str, Callable[[], str]] = {
        "billion laughs": lambda: f'<!DOCTYPE a [<!ENTITY l0 "lol">{laughs}]><a>&l12;</a>',
        "quadratic blowup": lambda: f'<!DOCTYPE a [<!ENTITY b "{"b" * 100_000}">]><a>{"&b;" * 100_000}</a>',
        "parameter entities": lambda: '<!DOCTYPE a [<!ENTITY % b "&#37;b;"> %b;]><a/>',
        "external entity": lambda: '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        "external document type": lambda: '<!DOCTYPE a SYSTEM "http://localhost:9/a.dtd"><a>&b;</a>',
        "default attributes": lambda: (
            f'<!DOCTYPE a [<!ATTLIST b c CDATA "{"c" * 60_000}">]><a>' + "<b/>" * 190_000 + "</a>"
        ),
        "declarations": lambda: "<!DOCTYPE a [" + "<!ELEMENT b ANY>" * 1_000_000 + "]><a/>",
        "models": lambda: "<!DOCTYPE a [<!ELEMENT b " + "(" * 100_000 + "a" + ")" * 100_000 + ">]><a/>",
        "wide models": lambda: "<!DOCTYPE a [<!ELEMENT b (" + "a," * 5_000_000 + "a)>]><a/>",
        "attribute declarations": lambda: (
            "<!DOCTYPE a [<!ATTLIST b " + "".join(f"c{n} CDATA #IMPLIED " for n in range(300_000)) + ">]><a/>"
        ),
        "deep": lambda: "<a>" * 100_000 + "</a>" * 100_000,
        "elements": lambda: "<shop>" + "<item/>" * 199_000 + "</shop>",
        "elements with attributes": lambda: "<shop>" + '<item n="12" m="13">pen</item>' * 199_000 + "</shop>",
        "different elements": lambda: "<shop>" + "".join(f'<i{n} a{n}="{n}"/>' for n in range(199_000)) + "</shop>",
        "elements as deep as may be": lambda: "<shop>" + ("<a>" * 98 + "b" + "</a>" * 98) * 2_000 + "</shop>",
        "texts as deep as may be": lambda: "<a>" * 99 + "b " * 30_000_000 + "</a>" * 99,
        "too many elements": lambda: "<shop>" + "<item/>" * 9_000_000 + "</shop>",
        "attributes": lambda: "<shop " + " ".join(f'a{n}="1"' for n in range(70_000)) + "/>",
        "too many attributes": lambda: "<shop " + " ".join(f'a{n}="1"' for n in range(4_000_000)) + "/>",
        "same attribute": lambda: '<shop a="1" a="2"/>',
        "tags with many attributes": lambda: (
            "<shop>" + ("<a " + " ".join(f'a{n}="1"' for n in range(60_000)) + "/>") * 70 + "</shop>"
        ),
        "text": lambda: "<shop>" + "a" * 60_000_000 + "</shop>",
        "pieces of text": lambda: "<shop>" + "a&amp;" * 9_000_000 + "</shop>",
        "characters": lambda: "<shop>" + "&#65;" * 12_000_000 + "</shop>",
        "pieces between comments": lambda: "<shop>" + "a<!---->" * 8_000_000 + "</shop>",
        "instructions": lambda: "<shop>" + "a<?b?>" * 9_000_000 + "</shop>",
        "cdata": lambda: "<shop>" + "<![CDATA[a]]>" * 4_500_000 + "</shop>",
        "lines of cdata": lambda: "<shop><![CDATA[" + "a\n" * 30_000_000 + "]]></shop>",
        "comment": lambda: "<shop><!--" + "a" * 60_000_000 + "--></shop>",
        "open comment": lambda: "<shop><!--" + "a -" * 20_000_000,
        "name": lambda: "<" + "a" * 60_000_000 + "/>",
        "short of a long name": lambda: "<" + "a" * 1_000_000 + "></" + "a" * 999_999 + ">",
        "prefixes": lambda: "<shop " + " ".join(f'xmlns:a{n}="b"' for n in range(60_000)) + "/>",
        "encoding": lambda: '<?xml version="1.0" encoding="utf-7"?><shop/>',
        "unknown encoding": lambda: '<?xml version="1.0" encoding="rot13"?><shop/>',
        "wrong encoding": lambda: '<?xml version="1.0" encoding="utf-16"?><shop/>',
        "long encoding": lambda: '<?xml version="1.0" encoding="' + "a" * 1_000_000 + '"?><shop/>',
    }
    return encoded(texts)


def html_files() -> dict[str, Make]:
    """HTML."""
    texts: dict[str, Callable[[], str]] = {
        "unclosed tags": lambda: "<b>" * 1_000_000,
        "unclosed paragraphs": lambda: "<p>" * 1_000_000,
        "unclosed cells": lambda: "<table>" + "<td>" * 1_000_000,
        "unclosed items": lambda: "<ul>" + "<li>a" * 199_000,
        "paragraphs in spans": lambda: "<p>" + "<b>" * 90 + "<p><b>" * 99_000,
        "end tags that end nothing": lambda: "<div>" * 98 + "</b>" * 490_000,
        "deep": lambda: "<div>" * 100_000 + "</div>" * 100_000,
        "deep tables": lambda: "<table><tr><td>" * 33 + "pen",
        "texts as deep as may be": lambda: "<div>" * 98 + "a <b>b</b>" * 99_000,
        "many as deep as may be": lambda: ("<div>" * 97 + "a" + "</div>" * 97) * 2_000,
        "rows": lambda: "<table><tr><th>item<th>n" + "<tr><td>pen<td>12" * 60_000,
        "short rows": lambda: "<table><tr>" + "".join(f"<th>c{n}" for n in range(500)) + "<tr><td>" * 1_900,
        "columns": lambda: "<table><tr>" + "".join(f"<th>c{n}" for n in range(9_000)) + "<tr><td colspan=1000>" * 110,
        "spans": lambda: "<table><tr>" + "<th colspan=1000>a" * 10_000,
        "long cells that span": lambda: "<table><tr><th>item<th>n<tr><td colspan=1000>" + "a" * 10_000_000,
        "large span": lambda: "<table><tr><th colspan=" + "9" * 1_000_000 + ">a",
        "attributes": lambda: "<div " + " ".join(f"a{n}=1" for n in range(490_000)) + ">",
        "same attribute": lambda: "<div " + "a=1 " * 490_000 + ">",
        "long attribute": lambda: "<div a=" + "1" * 19_000_000 + ">",
        "classes": lambda: '<tr class="' + "a " * 9_000_000 + '">',
        "open tag": lambda: "<div " + "a" * 19_000_000,
        "open quote": lambda: "<div a='" + "b=" * 9_000_000,
        "open quotes": lambda: "<div a=' " * 2_000_000,
        "open comments": lambda: "<p>" + "<!--" * 4_900_000,
        "comments": lambda: "<p>" + "<!---->" * 490_000,
        "open declarations": lambda: "<p>" + "<!" * 9_000_000,
        "open scripts": lambda: "<script>" * 490_000,
        "scripts": lambda: "<script>a</script>" * 190_000,
        "open title": lambda: "<title>" + "</titl" * 3_000_000,
        "entities": lambda: "<p>" + "&amp;" * 3_900_000,
        "entities without end": lambda: "<p>" + "&notin" * 3_300_000,
        "long entity": lambda: "<p>&" + "a" * 19_000_000,
        "characters": lambda: "<p>" + "&#65" * 4_900_000,
        "long character": lambda: "<p>&#" + "9" * 19_000_000,
        "zeros of characters": lambda: "<p>" + "&#" + "0" * 19_000_000 + "65;",
        "long hexadecimal": lambda: "<p>&#x" + "f" * 19_000_000 + ";",
        "surrogate character": lambda: "<p>&#xd800;&#x110000;&#0;",
        "blanks": lambda: "<p>" + " " * 19_000_000,
        "blanks in a tag": lambda: "<p" + " " * 19_000_000,
        "slashes in a tag": lambda: "<p" + " /" * 9_000_000,
        "equals in a tag": lambda: "<p" + " =" * 9_000_000,
        "names in a tag": lambda: "<p" + " a =" * 4_900_000,
        "less-thans": lambda: "<p>" + "<" * 19_000_000,
        "text": lambda: "<p>" + "pen " * 4_900_000,
        "too long": lambda: "<p>" + "pen " * 15_000_000,
        "siblings": lambda: "<table>" + "<tr><td>" * 99_000,
    }
    return encoded(texts)


def email_files(right: bytes) -> dict[str, Make]:
    """Messages."""
    head = "From: a@example.org\nTo: b@example.org\nSubject: a\n"

    def nested(depth: int) -> str:
        parts = [f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth)]
        return head + "".join(parts)

    def sections(count: int, body: str) -> str:
        return head + "Content-Type: multipart/mixed; boundary=x\n\n" + f"--x\n{body}\n" * count + "--x--\n"

    texts: dict[str, Callable[[], str]] = {
        "nested multiparts": lambda: nested(100_000),
        "nested as deep as may be": lambda: nested(19) + "a" * 50_000_000,
        "multiparts with one boundary": lambda: (
            head
            + "Content-Type: multipart/mixed; boundary=x\n\n"
            + "--x\nContent-Type: multipart/mixed; boundary=x\n\n" * 100_000
        ),
        "parts": lambda: sections(990, "\na"),
        "too many parts": lambda: sections(1_000_000, "\na"),
        "attachments": lambda: sections(990, "Content-Disposition: attachment; filename=a.txt\n\n" + "a" * 60_000),
        "wide attachments": lambda: sections(
            900, "Content-Disposition: attachment; filename=a.txt\n\n\U0001f4cb" + "a" * 60_000
        ),
        "one large attachment": lambda: sections(
            1, "Content-Disposition: attachment; filename=a.txt\n\n" + "a" * 60_000_000
        ),
        "headers": lambda: head + "".join(f"X-{n}: a\n" for n in range(9_900)) + "\na",
        "too many headers": lambda: head + "".join(f"X-{n}: a\n" for n in range(2_000_000)) + "\na",
        "headers of parts": lambda: sections(900, "".join(f"X-{n}: a\n" for n in range(4_000)) + "\na"),
        "long header": lambda: head + "X: " + "a " * 30_000_000 + "\n\na",
        "folded header": lambda: head + "X: a\n" + " a\n" * 9_900 + "\na",
        "long folded header": lambda: head + "X: a\n" + (" " + "a" * 6_000 + "\n") * 9_900 + "\na",
        "addresses": lambda: head.replace("b@", "b@c, " * 9_000 + "b@") + "\na",
        "too many addresses": lambda: head.replace("b@", "b@c, " * 9_000_000 + "b@") + "\na",
        "comments in addresses": lambda: head.replace("b@", "(" * 30_000_000 + "b@") + "\na",
        "quotes in addresses": lambda: head.replace("b@", '"' * 30_000_001 + "b@") + "\na",
        "escaped quotes in addresses": lambda: head.replace("b@", '"' + '\\"' * 10_000_000 + "b@") + "\na",
        "angles in addresses": lambda: head.replace("b@", "<" * 10_000_000 + "b@") + "\na",
        "groups in addresses": lambda: head.replace("b@", "a:" * 10_000_000 + "b@") + "\na",
        "one long address": lambda: head.replace("b@", "b" * 60_000_000 + "@") + "\na",
        "encoded words": lambda: head.replace(": a\n", ": " + "=?utf-8?q?a?= " * 4_000_000 + "\n") + "\na",
        "half encoded words": lambda: head.replace(": a\n", ": " + "=?utf-8?q?" * 5_000_000 + "\n") + "\na",
        "long encoded word": lambda: head.replace(": a\n", ": =?utf-8?b?" + "YWJj" * 10_000_000 + "?=\n") + "\na",
        "encoded words of ends": lambda: head.replace(": a\n", ": " + "?= " * 15_000_000 + "\n") + "\na",
        "blanks between words": lambda: head.replace(": a\n", ": ?=" + "\u2003" * 15_000_000 + "\n") + "\na",
        "parameters": lambda: head + "Content-Type: text/plain" + "; a=b" * 9_000_000 + "\n\na",
        "open parameters": lambda: head + 'Content-Type: multipart/mixed; boundary="' + '\\"' * 9_000_000 + "\n\na",
        "split parameters": lambda: (
            head + "Content-Type: text/plain" + "".join(f"; name*{n}=b" for n in range(900)) + "\n\na"
        ),
        "charset": lambda: head + "Content-Type: text/plain; charset=utf-7\n\n+AGEAYQBh",
        "idna": lambda: head + "Content-Type: text/plain; charset=idna\n\n" + "a" * 1_000_000,
        "punycode": lambda: head + "Content-Type: text/plain; charset=punycode\n\n" + "a" * 1_000_000,
        "zip charset": lambda: head + "Content-Type: text/plain; charset=zlib\n\naaa",
        "iso-2022-jp": lambda: head + "Content-Type: text/plain; charset=iso-2022-jp\n\n" + "\x1b$B" * 10_000_000,
        "base64": lambda: head + "Content-Transfer-Encoding: base64\n\n" + "YWJj" * 15_000_000,
        "bad base64": lambda: head + "Content-Transfer-Encoding: base64\n\n" + "=" * 60_000_000,
        "quoted-printable": lambda: head + "Content-Transfer-Encoding: quoted-printable\n\n" + "=41" * 20_000_000,
        "soft line ends": lambda: head + "Content-Transfer-Encoding: quoted-printable\n\n" + "=\n" * 30_000_000,
        "blanks at soft line ends": lambda: head + "Content-Transfer-Encoding: quoted-printable\n\n" + " " * 60_000_000,
        "body": lambda: head + "\n" + "pen 12 " * 9_000_000,
        "wide body": lambda: head + "\n" + "pen 12 " * 9_000_000 + "\U0001f4cb",
        "latin body": lambda: head + "Content-Type: text/plain; charset=utf-16\n\n" + "ab" * 30_000_000,
        "HTML body": lambda: head + "Content-Type: text/html\n\n" + "<p>" * 199_000,
        "deep HTML body": lambda: head + "Content-Type: text/html\n\n" + "<b>" * 199_000,
        "large HTML body": lambda: head + "Content-Type: text/html\n\n" + "a" * 60_000_000,
        "date": lambda: head + "Date: " + "9" * 1_000_000 + "\n\na",
        "large date": lambda: head + "Date: Fri, 31 Dec 9999 23:59:59 -1400\n\na",
        "date comments": lambda: head + "Date: " + "(" * 10_000_000 + "\n\na",
        "boundaries": lambda: head + "Content-Type: multipart/mixed; boundary=x\n\n" + "--x--x" * 9_000_000,
        "almost boundaries": lambda: head + "Content-Type: multipart/mixed; boundary=x\n\n" + "--x \t" * 9_000_000,
        "boundary and blanks": lambda: (
            head + "Content-Type: multipart/mixed; boundary=x\n\n--x" + " " * 60_000_000 + "a"
        ),
        "short boundary": lambda: head + 'Content-Type: multipart/mixed; boundary="-"\n\n' + "-" * 60_000_000,
        "messages in messages": lambda: head + "Content-Type: message/rfc822\n\n" * 100_000,
        "digest": lambda: head + "Content-Type: multipart/digest; boundary=x\n\n" + "--x\n\n" * 900_000,
    }
    found = encoded(texts)
    found["8-bit headers"] = lambda: right.replace(b"Stock", b"Stock \xe9 \xff\xfe")
    return found


def ics_files() -> dict[str, Make]:
    """Calendars."""
    head, foot = "BEGIN:VCALENDAR\n", "END:VCALENDAR\n"
    event = "BEGIN:VEVENT\nUID:1\nSUMMARY:pen\nDTSTART:20260317T090000\n{}END:VEVENT\n"
    texts: dict[str, Callable[[], str]] = {
        "endless rule": lambda: head + event.format("RRULE:FREQ=SECONDLY;INTERVAL=1\n") + foot,
        "long rule": lambda: head + event.format("RRULE:FREQ=DAILY;BYDAY=" + "MO," * 10_000_000 + "\n") + foot,
        "events": lambda: head + event.format("") * 99_000 + foot,
        "empty events": lambda: head + "BEGIN:VEVENT\nEND:VEVENT\n" * 99_000 + foot,
        "a million events": lambda: head + "BEGIN:VEVENT\nEND:VEVENT\n" * 1_000_000 + foot,
        "too many lines": lambda: head + "X:1\n" * 9_000_000 + foot,
        "folded lines": lambda: head + "X:1\n" + " a\n" * 990_000 + foot,
        "long line": lambda: head + "X:" + "a" * 60_000_000 + "\n" + foot,
        "parameters": lambda: head + "X" + ";A=b" * 10_000_000 + ":1\n" + foot,
        "parameters without end": lambda: head + "X" + ";A=b" * 10_000_000 + "\n" + foot,
        "values of a parameter": lambda: head + "X;A=" + "b," * 10_000_000 + "\n" + foot,
        "quoted values": lambda: head + "X;A=" + '"b",' * 10_000_000 + "\n" + foot,
        "empty values": lambda: head + "X;A=" + "," * 20_000_000 + "\n" + foot,
        "open quotes": lambda: head + "X;A=" + '"' * 20_000_001 + "\n" + foot,
        "attendees": lambda: head + event.format("ATTENDEE:mailto:a@b\n" * 900_000) + foot,
        "attendees of events": lambda: head + event.format("ATTENDEE:mailto:a@b\n" * 9) * 70_000 + foot,
        "deep": lambda: head + "BEGIN:VEVENT\n" * 100_000,
        "events in events": lambda: head + "BEGIN:VEVENT\n" * 18 + "END:VEVENT\n" * 18 + foot,
        "escapes": lambda: head + event.format("DESCRIPTION:" + "\\n" * 15_000_000 + "\n") + foot,
        "duration": lambda: head + event.format("DURATION:P" + "9" * 1_000_000 + "D\n") + foot,
        "long durations": lambda: head + event.format("DURATION:P99999W999999DT999999H\n") + foot,
        "negative duration": lambda: head + event.format("DURATION:-P99999W\n") + foot,
        "late": lambda: head + event.format("DURATION:P999999D\n").replace("20260317", "99991231") + foot,
        "year 0": lambda: head + event.format("").replace("2026", "0000") + foot,
        "no such time": lambda: head + event.format("").replace("T090000", "T996099") + foot,
        "wrong ends": lambda: head + "BEGIN:VEVENT\nEND:VTODO\n" + foot,
        "no end": lambda: head + event.format("") * 1_000,
    }
    return encoded(texts)
