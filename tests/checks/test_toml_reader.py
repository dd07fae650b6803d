"""TOML: values with their types, and what is refused with which message."""

from __future__ import annotations

import datetime
import time
from decimal import Decimal

import pytest

from clawc.stdlib.checks.toml_reader import MAX_TOML_TEXT, toml_value
from clawc.stdlib.checks.values import File, Unmet


def refused(text: str) -> str:
    with pytest.raises(Unmet) as caught:
        toml_value(File("f", "f.toml", "toml", text.encode()))
    return str(caught.value)


def test_values() -> None:
    text = """
        a = 1_000
        b = 3.10
        c = "x\\ty"
        d = 2026-03-01
        e = 2026-03-01T10:00:00+01:00
        f = 2026-03-01 10:00:00
        g = 07:30:00
        h = [0x1F, 0o17, 0b11, -2]
        i = {j = true, k.l = 'm'}
        "n o" = 1e3
        [t.u]
        v = ""
        [[w]]
        [[w]]
        x = 1
        """
    zone = datetime.timezone(datetime.timedelta(hours=1))
    found = toml_value(text)
    assert found == {
        "a": 1000, "b": Decimal("3.1"), "c": "x\ty", "d": datetime.date(2026, 3, 1),
        "e": datetime.datetime(2026, 3, 1, 10, tzinfo=zone), "f": datetime.datetime(2026, 3, 1, 10), "g": "07:30:00",
        "h": [31, 15, 3, -2], "i": {"j": True, "k": {"l": "m"}}, "n o": Decimal(1000), "t": {"u": {"v": ""}},
        "w": [{}, {"x": 1}],
    }  # fmt: skip
    assert str(found["b"]) == "3.10"
    assert toml_value("# nothing\n") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "`f.toml` is empty, not TOML"),
        ("a\n", "`f.toml` is not TOML: line 1, column 2: expected '=' after a key in a key/value pair"),
        ("a = 1\nb = \n", "`f.toml` is not TOML: line 2, column 5: invalid value"),
        ("a = 1\na = 2\n", "`f.toml` is not TOML: line 2, column 6: cannot overwrite a value"),
        ("a = 2026-02-30\n", "`f.toml` is not TOML: line 1, column 5: invalid date or datetime"),
        ("a = inf\n", "`f.toml` is not accepted: `inf` is not a number that can be compared"),
        ("a = -nan\n", "`f.toml` is not accepted: `-nan` is not a number that can be compared"),
        ("a = 1e1_000\n", "`f.toml` is not accepted: the number `1e1_000` is too large"),
        ("a = 1" + "0" * 1000, "`f.toml` is not accepted: a number has more than 1,000 digits"),
        ("a = 1" + "0" * 9000, "`f.toml` is not accepted: more than 4000 digits stand in a row"),
        ("a = " + "[" * 51, "`f.toml` is nested deeper than 50 levels"),
        ("a." * 50 + "a = 1", "`f.toml` is nested deeper than 50 levels"),
        ("#" * (MAX_TOML_TEXT + 1), "`f.toml` is too large for TOML: more than 512 KiB"),
    ],
    ids=range(13),
)
def test_what_is_refused(text: str, message: str) -> None:
    assert refused(text) == message


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "text",
    [
        "a = [" + "1," * 250_000 + "]", "[[a]]\n" * 80_000, "a = " + "{a = " * 80_000, "a.b.c" * 100_000, "a = '''" + "x" * 500_000,
        "".join(f"a{n} = 1\n" for n in range(45_000)), "".join(f"[a{n}.b.c.d.e.f.g.h]\n" for n in range(22_000)),
        "".join(f"b{n}.{'a.' * 48}a = 1\n" for n in range(4_500)), ("9" * 3999 + " ") * 130, "a = 0x" + "f" * 500_000,
    ],
    ids=range(10),
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    try:
        toml_value(text)
    except Unmet as problem:
        assert len(str(problem)) < 300
    assert time.process_time() - began < 10  # twice the bound, for a slow machine
