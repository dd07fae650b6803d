"""What people bring from other languages, and how it is written here: the tables behind the help for unexpected tokens."""

from __future__ import annotations

# Characters that begin no token.
CHARACTERS: dict[str, tuple[str, str]] = {
    "&&": ("write `and`", "and"),
    "&": ("write `and`", "and"),
    "!": ("write `not`", "not "),
    "~": ("to look for a regex write `matches(text, re\"…\")`", ""),
    "%": ("percentages are written without a blank, `5%`; there is no remainder", ""),
    "^": ("there are no powers; write `x * x`", ""),
    "?": ("write `if … then … else …`", ""),
    "$": ("names stand as they are, and holes in texts are `{{ name }}`", ""),
    "\\": ("lines go on behind an operator or comma, or with a leading `|`", ""),
    "`": ("a name in back quotes ends on its line with another one", ""),
    "'": ("texts stand in double quotes", ""),
    "\u201c": ("texts stand in straight double quotes", '"'),
    "\u201d": ("texts stand in straight double quotes", '"'),
    "\u2018": ("texts stand in straight double quotes", ""),
    "\u2019": ("texts stand in straight double quotes", ""),
    "\u2013": ("minus is `-`", "-"),
    "\u2014": ("minus is `-`", "-"),
    "\u2264": ("write `<=`", "<="),
    "\u2265": ("write `>=`", ">="),
    "\u2260": ("write `!=`", "!="),
    "\u00d7": ("write `*`", "*"),
    "\u2026": ("a range is `1..5`", ".."),
    "@": ("dates are written `@2026-01-31` or `@2026-01-31T09:30`", ""),
}  # fmt: skip

# Two operators in a row that are one elsewhere.
PAIRS: dict[tuple[str, str], tuple[str, str]] = {
    ("LESSTHAN", "MORETHAN"): ("write `!=`", "!="),
    ("EQ", "EQUAL"): ("write `==`", "=="),
    ("EQUAL", "LESSTHAN"): ("write `<=`", "<="),
    ("EQUAL", "MORETHAN"): ("to compare write `>=`; there are no functions without a name", ""),
    ("MORETHAN", "EQUAL"): ("write `>=`", ">="),
    ("LESSTHAN", "EQUAL"): ("write `<=`", "<="),
    ("NE", "EQUAL"): ("write `!=`", "!="),
    ("SLASH", "SLASH"): ("comments begin with `#`", "#"),
    ("SLASH", "STAR"): ("comments begin with `#`", ""),
    ("STAR", "STAR"): ("there are no powers; write `x * x`", ""),
    ("_PIPE", "_PIPE"): ("write `or`", ""),
    ("_PIPE", "MORETHAN"): ("a stage begins with `|` alone", "|"),
    ("PLUS", "PLUS"): ("values do not change; name another one with `let`", ""),
    ("PLUS", "EQUAL"): ("values do not change; name another one with `let`", ""),
    ("MINUS", "EQUAL"): ("values do not change; name another one with `let`", ""),
    ("MINUS", "MORETHAN"): ("names stand left of `=`: `rename new = old`", ""),
    ("LPAR", "STAR"): ("to count rows write `count()`", ""),
    ("DOTDOT", "DOT"): ("a range is `1..5`, and includes both ends", ""),
    ("DOTDOT", "EQUAL"): ("a range is `1..5`, and includes both ends", ""),
    ("COLON", "EQUAL"): ("write `=`", "="),
    ("COLON", "COLON"): ("types are told by functions, such as `number(x)`", ""),
}  # fmt: skip

# Words of other languages where an operator or the end is expected.
WORDS: dict[str, str] = {
    "is": "compare with `== null` or `!= null`",
    "like": "write `contains(text, part)` or `matches(text, re\"…\")`",
    "using": "write `on` and the keys",
    "as": "the name stands in front: `name = value`",
    "between": "write `x in low..high`",
    "elif": "write `else if … then …`",
    "elsif": "write `else if … then …`",
    "for": "there are no loops; stages such as `where` and `derive` work on whole tables",
    "while": "there are no loops; stages such as `where` and `derive` work on whole tables",
    "mod": "there is no remainder",
    "xor": "write `a != b`",
    "return": "a definition is its value: `def f(x) = …`",
    "equals": "write `==`",
    "contains": "write `contains(text, part)`, or `part in list`",
    "asc": "`sort` ascends unless a key has a `-`",
    "ascending": "`sort` ascends unless a key has a `-`",
}  # fmt: skip

# Units as they are spelled elsewhere.
UNITS: dict[str, str] = {
    "m": "min", "mins": "min", "minute": "min", "minutes": "min", "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "msec": "ms", "millis": "ms", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d", "wk": "w", "week": "w",
    "weeks": "w", "kb": "KiB", "KB": "KiB", "kB": "KiB", "K": "KiB", "k": "KiB", "mb": "MiB", "MB": "MiB", "M": "MiB", "gb": "GiB",
    "GB": "GiB", "G": "GiB", "g": "GiB", "ms": "ms", "s": "s", "min": "min", "h": "h", "d": "d", "w": "w", "KiB": "KiB", "MiB": "MiB",
    "GiB": "GiB",
}  # fmt: skip

# Words that begin a statement elsewhere.
STATEMENTS: dict[str, str] = {
    "assert": "expect", "ensure": "expect", "should": "expect", "must": "expect", "var": "let", "const": "let", "set": "let", "val": "let",
    "import": "use", "from": "use", "include": "use", "function": "def", "func": "def", "fn": "def", "fun": "def", "define": "def",
}  # fmt: skip

# Methods of other languages, and what does the same.
METHODS: dict[str, str] = {
    "startswith": "starts_with(x, prefix)", "startsWith": "starts_with(x, prefix)", "endswith": "ends_with(x, end)",
    "endsWith": "ends_with(x, end)", "includes": "part in list` or `contains(text, part)", "has": "part in list` or `contains(text, part)",
    "equals": "x == y", "toLowerCase": "lower(x)", "toUpperCase": "upper(x)", "strip": "trim(x)", "size": "length(x)",
    "len": "length(x)", "append": "x + [y]", "push": "x + [y]", "concat": "x + y", "slice": "take(x, n)", "head": "take(x, n)",
    "filter": "x | where …", "map": "x | derive n = …", "forEach": "x | all …", "reduce": "sum(x.column)", "test": "matches(x, re\"…\")",
    "match": "capture(x, re\"…\")", "search": "matches(x, re\"…\")", "format": "\"… {{ x }} …\"", "join": "join_text(x, by)",
    "reverse": "x | sort -key", "unique": "x | distinct", "keys": "columns(t)", "items": "values(x)", "mean": "mean(x.column)",
}  # fmt: skip
