"""Hostile specs: bombs of every kind, ways out of the project, texts that want to be code. Each is a folder with `spec.claw`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

Lay = Callable[[Path], None]


def task(
    let: str = "", expect: str = "rows(d) == csv(f)", before: str = "", workspace: str = "", more: str = ""
) -> str:
    """A whole task with one hostile place."""
    return (
        f'claw 1\n{before}\ntask t {{\n  title = "T"\n  workspace {{ file f "f.csv" {{ content = "a,b\\n1,2\\n3,4\\n" }}\n{workspace}\n  }}\n'
        f'  {let}\n  deliver d "d.csv" {{ columns = [a, b] }}\n  instruction = "Copy a and b of {{{{ path.f }}}} to {{{{ path.d }}}}."\n'
        f"  verify {{ check c {{ expect {expect} }} }}\n{more}\n}}\n"
    )


def let(value: str, before: str = "") -> str:
    """A task whose check reads a value."""
    return task(f"let x = {value}", "rows(d) == csv(f) and text(x) != text(d)", before)


def chain(first: str, step: str, count: int) -> str:
    """`let`s that each take the one before twice or more."""
    lines = [f"let v0 = {first}", *(f"let v{i} = {step.replace('V', f'v{i - 1}')}" for i in range(1, count))]
    return let(f"v{count - 1}", "\n".join(lines) + "\n")


def spec(text: str | bytes) -> Lay:
    def lay(folder: Path) -> None:
        (folder / "spec.claw").write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))

    return lay


def with_files(text: str, **files: Callable[[Path], None]) -> Lay:
    """`files` are put at `input/NAME`."""

    def lay(folder: Path) -> None:
        spec(text)(folder)
        (folder / "input").mkdir()
        for name, put in files.items():
            put(folder / "input" / name)

    return lay


def linked(to: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(to)


def sparse(size: int) -> Callable[[Path], None]:
    def put(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(size)

    return put


def deep_folders(path: Path) -> None:
    """A folder in a folder, as deep as paths may be."""
    path.mkdir()
    here = os.open(path, os.O_RDONLY)
    for _ in range(600):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)


def many_files(path: Path) -> None:
    path.mkdir()
    for number in range(3_000):
        (path / str(number)).touch()


def looped(path: Path) -> None:
    path.mkdir()
    (path / "again").symlink_to(path)


def odd_names(path: Path) -> None:
    path.mkdir()
    for name in (b"\xff\xfe", b"a\nb", b"\x1b[31m", b"-rf", "\u202egpj.exe".encode()):
        with open(os.path.join(os.fsencode(path), name), "wb"):
            pass


READ = task(workspace='    file g "input/g"', let="let x = text(g)", expect="rows(d) == csv(f) and text(d) != x")
TREE = task(workspace='    tree g "input/g"', let="let x = names(g)", expect="rows(d) == csv(f) and lines(d) != x")

NUMBERS = {
    "product of long numbers": let("9" * 60 + "".join(" * " + "9" * 60 for _ in range(200))),
    "squares of squares": chain("9" * 60, "V * V", 60),
    "sums of sums": chain("1", "V + V", 90),
    "quotients": chain("1", "V / 0.0000000000000000000000000001", 60),
    "many digits asked for": let("round(1 / 3, 999999999)"),
    "many digits the other way": let("round(12345, -999999999)"),
    "digits of a wide number": let("format_number(1, 999999999)"),
    "padded to a gigabyte": let('pad("x", 1000000000)'),
    "padded to a gigabyte with much": let('pad("x", 1000000000, "' + "y" * 1000 + '")'),
    "a literal of a megabyte": let("9" * 1_000_000),
    "decimals of a megabyte": let("0." + "9" * 1_000_000),
    "a size that overflows": let("99999999999999GiB"),
    "a duration that overflows": let("99999999999999w"),
    "months beyond the calendar": let("add_months(@9999-12-31, 999999999999)"),
    "days beyond the calendar": let("@9999-12-31 + 999999d"),
    "root of nothing": let("sqrt(0 - 1)"),
    "logarithm of nothing": let("ln(0)"),
    "quantile out of range": let("quantile(csv(f).a, 99)"),
    "text that spells a bomb": let('number("1e999999999")'),
    "text of a million digits": let('number("' + "9" * 1_000_000 + '")'),
}
TEXTS = {
    "doubling by replacing": chain('"aa"', 'replace(V, "a", "aa")', 60),
    "doubling by adding": chain('"a"', "V + V", 80),
    "doubling by joining": chain('"a"', 'join_text([V, V, V, V], ",")', 40),
    "doubling in holes": chain('"a"', '"{{ V }}{{ V }}{{ V }}"', 40),
    "replacing nothing": let('replace("' + "a" * 100_000 + '", re"", "' + "b" * 10_000 + '")'),
    "similar long texts": let('similarity("' + "ab" * 200_000 + '", "' + "ba" * 200_000 + '")'),
    "a file of one long line": let('"' + "x" * 2_000_000 + '"'),
    "a block text of a thousand holes": let('"' + "{{ 1 + 1 }}" * 20_000 + '"'),
    "slug of much": let('slug("' + "\u00e9 " * 300_000 + '")'),
    "normalised much": let('normalise("' + "\ufdfa" * 200_000 + '", ["case", "accents", "markup", "leet"])'),
}
SUBJECT = '"' + "a" * 60_000 + '!"'
REGEXES = {
    "nested repeats": let(f'matches({SUBJECT}, re"(a+)+$")'),
    "nested stars": let(f'matches({SUBJECT}, re"(a*)*b")'),
    "overlapping choices": let(f'matches({SUBJECT}, re"(a|a)*b")'),
    "choices of choices": let(f'matches({SUBJECT}, re"(a|aa|aaa)+b")'),
    "neighbours": let(f'matches({SUBJECT}, re"a*a*a*a*a*a*b")'),
    "dots": let(f'matches({SUBJECT}, re".*.*.*.*=x")'),
    "counted repeats": let(f'matches({SUBJECT}, re"(a{{1,100}}){{1,100}}b")'),
    "counts of counts": let(f'matches({SUBJECT}, re"((a{{1,60000}}){{1,60000}}){{1,60000}}")'),
    "back reference": let(f'matches({SUBJECT}, re"(a*)\\1\\1b")'),
    "lookaround": let(f'matches({SUBJECT}, re"(?=(a+))a*\\1b(?!a+$)(?<!a)")'),
    "a class of everything": let(f'matches({SUBJECT}, re"[\\s\\S]*[\\s\\S]*[\\s\\S]*!!")'),
    "a regex of a megabyte": let('matches("a", re"' + "(a|b)?" * 160_000 + '")'),
    "a thousand groups": let('matches("a", re"' + "(a)" * 1_000 + '")'),
    "deep groups": let('matches("a", re"' + "(" * 5_000 + "a" + ")" * 5_000 + '")'),
    "search in a large input": task(
        workspace='    file g "g.txt" { content = """' + "a" * 400_000 + '""" }',
        let='let x = find_all(text(g), re"a*b|a+c|(?:a|aa)+d")',
        expect="rows(d) == csv(f) and lines(d) != x",
    ),
    "parse of many lines": let('lines("' + "a b " * 50_000 + '") | parse re"(?P<x>(\\w+ ?)+)=(?P<y>.*)"'),
}
TABLES = {
    "products of products": let("csv(f)" + " | cross_join (csv(f) | rename c = a, e = b)" * 60),
    "every day there is": let("dates(@0001-01-01..@9999-12-31)"),
    "days times days": let(
        "table(dates(@2000-01-01..@2009-12-31)) | cross_join (table(dates(@2000-01-01..@2009-12-31)) | rename o = value)"
    ),
    "every minute of all time": let('cron_times("* * * * *", @0001-01-01..@9999-12-31)'),
    "a crontab that never fires": let('cron_times("0 0 31 2 *", @0001-01-01..@9999-12-31)'),
    "unions of unions": chain("csv(f)", "union(V, V)", 60),
    "lists of lists": chain("[1]", "V + V", 60),
    "records of records": chain("{a: 1}", "{x: V, y: V}", 60),
    "many generated rows": task('data r { count = 999999999\n n = serial("C-{{ n }}") }', "rows(d) == r"),
    "many generated columns": task(
        "data r { count = 5000\n" + "".join(f"c{i} = uniform(0, 1)\n" for i in range(400)) + "}", "rows(d) == r"
    ),
    "a window over much": let(
        "table(dates(@1900-01-01..@2020-12-31)) | window s = running_sum(day(value)), n = row_number()"
    ),
    "a pivot of everything": let(
        "table(dates(@1900-01-01..@1999-12-31)) | pivot value, keys = text(value), values = count()"
    ),
    "a family of a million": task(
        'let days = table(dates(@0001-01-01..@2999-12-31))\n  deliver m "m/{{ value }}.txt" { each = days }',
        "rows(d) == csv(f)",
    ),
    "a cell for every pair": let("csv(f) | derive x = (csv(f) | derive y = (csv(f) | derive z = csv(f)))"),
    "nested searches": let("csv(f)" + " | where (csv(f)" * 90 + " | any true)" * 90),
}
SHAPES = {
    "definitions that double": let(
        "f60(1)",
        "\n".join(["def f0(n) = n", *(f"def f{i}(n) = f{i - 1}(n) + f{i - 1}(n)" for i in range(1, 61))]) + "\n",
    ),
    "definitions in a circle": let("a(1)", "def a(n) = b(n)\ndef b(n) = a(n)\n"),
    "definitions of themselves": let("y", "let y = z\nlet z = y\n"),
    "a long chain of names": chain("1", "V + 1", 3_000),
    "open parentheses": let("(" * 50_000),
    "open lists": let("[" * 50_000),
    "open records": let("{a: " * 50_000),
    "open blocks": "claw 1\n" + "a {\n" * 50_000,
    "closed blocks": "claw 1\n" + "}\n" * 50_000,
    "calls in calls": let("abs(" * 5_000 + "1" + ")" * 5_000),
    "holes in holes": let('"{{ ' * 500 + '"a"' + ' }}"' * 500),
    "many tasks": "claw 1\n" + "".join(f'task t{i} {{ title = "T" }}\n' for i in range(20_000)),
    "many checks": task(more="", expect="rows(d) == csv(f)").replace(
        "check c {", "".join(f"check c{i} {{ expect count(rows(d)) == {i} }}\n" for i in range(3_000)) + "check c {"
    ),
    "many expectations": task(expect="\n expect ".join(["rows(d) == csv(f)"] * 5_000)),
    "many names": "claw 1\n" + "".join(f"let n{i} = {i}\n" for i in range(100_000)),
    "many comments": "claw 1\n" + "# c\n" * 400_000,
    "many allowances": "claw 1\n" + "# allow W0301: no\n" * 50_000 + "let a = 1\n",
    "many allowances in a block": "claw 1\ntask t {\n" + "# allow W0301: no\nlet a = 1\n" * 20_000 + "}\n",
    "many semicolons": "claw 1\ntask t {" + "x = 1;" * 100_000 + "}",
    "quotes": 'claw 1\n"' + '"' * 1_000_000,
    "backslashes": "claw 1\nlet a = " + '"\\' * 200_000,
    "carriage returns": "claw 1\r" * 300_000,
    "nothing but blanks": " " * 4_000_000,
    "no newline": "claw 1 " + "a" * 4_000_000,
    "zeros": "\0" * 1_000_000,
    "marks": "\ufeff" * 1_000_000,
    "all of Unicode": 'claw 1\nlet a = "' + "".join(map(chr, range(0x20, 0xD800))) + '"\n',
    "near names": "claw 1\n" + "".join(f"let abcdefgh{i} = abcdefgx{i}\n" for i in range(5_000)),
    "long near names": "claw 1\n" + "".join(f"let {'abcdefgh' * 12}{i} = {'abcdefgx' * 12}{i}\n" for i in range(800)),
}
BYTES = {
    "not UTF-8": b"claw 1\n\xff\xfe\xfa",
    "UTF-16": "claw 1\nlet a = 1\n".encode("utf-16"),
    "surrogates": b'claw 1\nlet a = "\xed\xa0\x80"\n',
    "nothing": b"",
    "noise": bytes(range(256)) * 4_000,
    "too large": b"#" * (5 << 20),
}
WAYS_OUT: dict[str, Lay] = {
    "use upwards": spec('claw 1\nuse "../../../../etc/passwd.claw" (a)\n' + task()[7:]),
    "use from the root": spec('claw 1\nuse "/etc/passwd.claw" (a)\n' + task()[7:]),
    "from upwards": spec(task('let x = from("../../../../../../etc/passwd")')),
    "from a home": spec(task('let x = from("~/.ssh/id_rsa")')),
    "from a device": spec(task('let x = from("/dev/zero")')),
    "from a host": spec(task('let x = from("//host/share/x")')),
    "a file with a backslash": spec(task(workspace='    file g "..\\\\..\\\\etc\\\\passwd"')),
    "a deliverable upwards": spec(task().replace('deliver d "d.csv"', 'deliver d "../../d.csv"')),
    "a deliverable in git": spec(task().replace('deliver d "d.csv"', 'deliver d ".git/hooks/post-checkout"')),
    "a link that leads out": with_files(READ, g=linked("/etc/passwd")),
    "a link to the memory of the process": with_files(READ, g=linked("/proc/self/mem")),
    "a link to the environment": with_files(READ, g=linked("/proc/self/environ")),
    "a link to zeros": with_files(READ, g=linked("/dev/zero")),
    "a link to itself": with_files(READ, g=linked("g")),
    "a pipe": with_files(READ, g=os.mkfifo),
    "a large hole": with_files(READ, g=sparse(1 << 40)),
    "as large as may be": with_files(READ, g=sparse(16 << 20)),
    "a folder for a file": with_files(READ, g=Path.mkdir),
    "a tree that leads out": with_files(TREE, g=linked("/etc")),
    "a tree in a circle": with_files(TREE, g=looped),
    "a deep tree": with_files(TREE, g=deep_folders),
    "a tree of many files": with_files(TREE, g=many_files),
    "a tree of odd names": with_files(TREE, g=odd_names),
}
RUNS = {
    "code in a python block": task(more="", expect="rows(d) == csv(f)").replace(
        "expect rows(d) == csv(f)",
        'python """\nimport os\nos.system("touch /tmp/clawc-was-here")\ndef check(workspace):\n    return True\n"""',
    ),
    "a null in a python block": task().replace(
        "expect rows(d) == csv(f)", 'python """\ndef check(workspace):\n    return "\0"\n"""'
    ),
    "deep python": task().replace(
        "expect rows(d) == csv(f)",
        'python """\ndef check(workspace):\n    return ' + "(" * 3_000 + "1" + ")" * 3_000 + '\n"""',
    ),
    "long python": task().replace(
        "expect rows(d) == csv(f)", 'python """\ndef check(workspace):\n    return 1' + "+1" * 100_000 + '\n"""'
    ),
    "a program at compile time": task('let x = run(["sh", "-c", "touch /tmp/clawc-was-here"]).stdout', "text(d) == x"),
}


def every() -> dict[str, Lay]:
    """All of them by name."""
    found: dict[str, Lay] = dict(WAYS_OUT)
    kinds: list[Mapping[str, str | bytes | Lay]] = [NUMBERS, TEXTS, REGEXES, TABLES, SHAPES, BYTES, RUNS]
    for kind in kinds:
        for name, text in kind.items():
            assert name not in found, name
            found[name] = spec(text) if isinstance(text, (str, bytes)) else text
    return found
