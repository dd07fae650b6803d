"""Specs drawn from the grammar, with comments and line ends wherever they may stand, in any spacing."""

from __future__ import annotations

import random

from hypothesis import strategies as st

WORDS = ("a", "rows", "total", "task", "file", "check", "within", "on", "x1", "_k", "claw", "re", "path")
TEXTS = (
    '"a"', '""', '"in/a b.csv"', '"{{ path.x }} and {{ n }}"', '"# no comment"', r'"\" \\ \n"', '"項目 😀"',
    '"e\u0301\u0301 한국어"', '"a, b | c; {d}"', '"' + "long words " * 12 + '"',
)  # fmt: skip
BLOCK_TEXTS = (
    '"""one line"""', '""""""', '"""\n  two\n    lines\n  """', '"""\nat the edge\n"""', '"""\n\tby tab\n\t"""',
    '"""\n      # no comment  \n\n      項目 {{ a }}\n   """', '"""first\n   second"""', '"""\n    no last line"""',
    '"""\n"""', '"""\n   \n   """', '"""\n  a \\""" b\n  """', '"""\n   {{ a |\n take 1 }}\n   b\n   """',
)  # fmt: skip
LITERALS = (
    "0",
    "12.50",
    "3d",
    "5%",
    "64MiB",
    "@2026-01-31",
    "@2026-01-31T09:30Z",
    "true",
    "false",
    "null",
    're"#[a-z]\\""',
)
QUOTED = ("`a b`", "`#`")
COMPARISONS = ("==", "!=", "<=", ">=", "<", ">", "in", "not in")
COMMENTS = (
    "# a comment",
    "#",
    "##",
    "## said of it",
    "#no blank",
    "#  trailing  ",
    "# 項目 😀 e\u0301",
    "# ; } ] , |",
    '# """',
)
BLANKS = (" ", " ", " ", "  ", "\t", "   \t ")


class Maker:
    """Draws one spec; `line_end` is that of its lines, and `deep` how much nesting is left."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.line_end = rng.choice(("\n", "\n", "\r\n"))
        self.comments = rng.choice((0.0, 0.05, 0.3))
        self.broken = rng.choice((0.0, 0.1, 0.5))

    def spec(self) -> str:
        """A whole file."""
        rng = self.rng
        text = self._lines(0.2) if rng.random() < 0.3 else ""
        text += "claw 1" + self._end()
        for _ in range(rng.randrange(5)):
            text += self._item(rng.choice((0, 1, 3))) + self._end()
        return text if rng.random() < 0.8 else text.rstrip(" \t\r\n")

    def _sp(self) -> str:
        return self.rng.choice(BLANKS)

    def _may(self) -> str:
        return self.rng.choice(("", "", " ", "\t"))

    def _comment(self) -> str:
        return self.rng.choice(COMMENTS)

    def _end(self) -> str:
        """What ends an item: a line end at least."""
        comment = self._may() + self._comment() if self.rng.random() < self.comments else self._may()
        return comment + self.line_end + (self._lines(0.3) if self.rng.random() < 0.5 else self._may())

    def _lines(self, more: float) -> str:
        """Blank lines and comments of their own."""
        text = ""
        while self.rng.random() < more + self.comments:
            text += self._may() + (self._comment() if self.rng.random() < self.comments else "") + self.line_end
        return text + self._may()

    def _nl(self) -> str:
        """A place where a line may end."""
        return self._end() if self.rng.random() < self.broken else self._sp()

    def _comma(self) -> str:
        return self._may() + "," + self._nl()

    def _name(self) -> str:
        return self.rng.choice(WORDS)

    def _text(self) -> str:
        return self.rng.choice(BLOCK_TEXTS) if self.rng.random() < 0.3 else self.rng.choice(TEXTS)

    def _item(self, deep: int) -> str:
        kind = self.rng.randrange(9)
        sp = self._sp
        if kind == 0:
            return f"let{sp()}{self._name()}{sp()}={self._nl()}{self._pipe(2)}"
        if kind == 1:
            names = self._comma().join(self._name() for _ in range(self.rng.choice((0, 1, 2, 9))))
            return f"def{sp()}{self._name()}{self._may()}({self._may()}{names}{self._may()}){sp()}={self._nl()}{self._pipe(2)}"
        if kind == 2:
            names = self._comma().join(self._name() for _ in range(self.rng.choice((1, 2, 30))))
            source = self.rng.choice(("std.people", "std . x", '"b.claw"'))
            return f"use{sp()}{source}{sp()}({self._nl()}{names}{self._nl()})"
        if kind == 3:
            return f"expect{sp()}{self._pipe(3)}"
        if kind in (4, 5):
            return f"{self._name()}{sp()}={self._nl()}{self._pipe(2)}"
        if kind == 6:
            return f"{self._name()}{sp()}{self._name()}{sp()}={self._nl()}{self._pipe(1)}"
        return self._block(deep)

    def _block(self, deep: int) -> str:
        rng = self.rng
        labels = [self._text() if rng.random() < 0.4 else self._name() for _ in range(rng.randrange(3))]
        head = self._sp().join([self._name(), *labels])
        if labels and rng.random() < 0.2:
            return head
        body = self._sp() + "{" + (self._may() if rng.random() < 0.5 else self._end())
        for number in range(rng.choice((0, 1, 1, 2, 4)) if deep else 0):
            if number:
                body += (
                    self._may() + ";" + (self._nl() if rng.random() < 0.5 else "")
                    if rng.random() < 0.4
                    else self._end()
                )
            body += self._item(deep - 1)
        if body.rstrip(" \t")[-1] not in "{\n;":
            body += rng.choice(("", ";", self._end()))
        return head + body + self._may() + "}"

    def _pipe(self, deep: int) -> str:
        text = self._expression(deep)
        for _ in range(self.rng.choice((0, 0, 1, 3))):
            text += (
                (self._end() if self.rng.random() < self.broken else self._sp()) + "|" + self._may() + self._stage(deep)
            )
        return text

    def _stage(self, deep: int) -> str:
        arguments = self._comma().join(self._argument(deep) for _ in range(self.rng.choice((0, 1, 1, 2, 6))))
        text = self._name() + self._sp() + arguments
        if arguments and self.rng.random() < 0.2:
            keys = self._comma().join(
                self.rng.choice(("a", "k  ==  id", "k == on")) for _ in range(self.rng.choice((1, 2)))
            )
            text += self._sp() + "on" + self._sp() + keys
        return text

    def _argument(self, deep: int) -> str:
        if self.rng.random() < 0.3:
            return f"{self._name()}{self._may()}={self._nl()}{self._expression(deep - 1)}"
        return self._expression(deep - 1)

    def _expression(self, deep: int) -> str:
        rng = self.rng
        if deep > 0 and rng.random() < 0.12:
            inner = [self._expression(deep - 1) for _ in range(3)]
            return (
                f"if{self._sp()}{inner[0]}{self._sp()}then{self._nl()}{inner[1]}{self._sp()}else{self._nl()}{inner[2]}"
            )
        text = self._conjunction(deep)
        while rng.random() < 0.15:
            text += self._sp() + rng.choice(("and", "or", "??")) + self._nl() + self._conjunction(deep)
        return text

    def _conjunction(self, deep: int) -> str:
        rng = self.rng
        text = "not" + self._sp() if rng.random() < 0.1 else ""
        text += self._range(deep)
        if rng.random() < 0.2:
            text += self._sp() + rng.choice(COMPARISONS) + self._nl() + self._range(deep)
        if rng.random() < 0.1:
            text += self._sp() + "within" + self._sp() + self._range(deep)
        return text

    def _range(self, deep: int) -> str:
        if self.rng.random() < 0.1:
            return self._sum(deep) + self._may() + ".." + self._may() + self._sum(deep)
        return self._sum(deep)

    def _sum(self, deep: int) -> str:
        text = self._unary(deep)
        while self.rng.random() < 0.2:
            text += self._sp() + self.rng.choice("+-*/") + self._nl() + self._unary(deep)
        return text

    def _unary(self, deep: int) -> str:
        text = "-" + self._may() if self.rng.random() < 0.08 else ""
        text += self._atom(deep)
        while self.rng.random() < 0.15:
            if self.rng.random() < 0.6:
                text += self._may() + "." + self._may() + self.rng.choice((*WORDS, *QUOTED))
            elif deep > 0:
                text += f"[{self._nl()}{self._expression(deep - 1)}{self._nl()}]"
        return text

    def _atom(self, deep: int) -> str:
        rng = self.rng
        kind = rng.randrange(10) if deep > 0 else rng.randrange(4)
        if kind < 2:
            return rng.choice((*WORDS[:5], "x1", "_k"))
        if kind == 2:
            return rng.choice(LITERALS)
        if kind == 3:
            return self._text() if rng.random() < 0.7 else rng.choice(QUOTED)
        if kind < 6:
            return self._call(deep)
        many = rng.choice((0, 1, 2, 3, 8))
        if kind == 6:
            return self._enclosed("[", [self._expression(deep - 1) for _ in range(many)], "]", True)
        if kind == 7:
            return self._enclosed("{", [self._entry(deep) for _ in range(many)], "}", True)
        if kind == 8:
            return f"({self._nl()}{self._pipe(deep - 1)}{self._nl()})"
        return rng.choice(WORDS[:3])

    def _call(self, deep: int) -> str:
        many = self.rng.choice((0, 1, 1, 2, 5))
        arguments = [self._argument(deep) for _ in range(many)]
        piped = many > 0 and self.rng.random() < 0.2
        if piped:
            arguments[-1] = self._expression(deep - 1) + self._nl().rstrip(" \t") + "|" + self._stage(deep - 1)
        return self._name() + self._enclosed("(", arguments, ")", not piped)

    def _enclosed(self, opener: str, parts: list[str], closer: str, comma: bool) -> str:
        text = opener + (self._nl() if self.rng.random() < 0.5 else "") + self._comma().join(parts)
        if parts and comma and self.rng.random() < 0.3:
            return text + self._comma() + closer
        return text + (self._nl() if self.rng.random() < 0.5 else "") + closer

    def _entry(self, deep: int) -> str:
        key = self.rng.choice(("a", '"b c"', "`d`", "within", f"[{self._expression(deep - 1)}]"))
        return f"{key}{self._may()}:{self._nl()}{self._expression(deep - 1)}"


@st.composite
def specs(draw: st.DrawFn) -> str:
    """Whole specs."""
    return Maker(draw(st.randoms(use_true_random=False))).spec()
