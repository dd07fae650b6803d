"""Tokens to the syntax tree over LALR tables, with recovery: one report a mistake, and the rest of the file is read.

On an error the parser skips to where the next item may start, pops its stacks to there, and goes on; the item that was
cut is kept as a `BrokenItem` with the names that it may have declared.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from clawc.compiler.passes.build_tree import BUILDERS, Flat, build_node, passes_on
from clawc.compiler.passes.hints import COMPARISONS, hint
from clawc.compiler.passes.lex import SOFT, Comment, Token, lex
from clawc.compiler.passes.lexical import pairs, repair_braces, report_bad
from clawc.compiler.passes.recovery import (
    CLOSERS,
    HANGING,
    ITEM_STARTS,
    OPENERS,
    declared,
    ends_item,
    starts_item,
    swallowed_line,
    track,
)
from clawc.compiler.source import Diagnostics, Fix, Source
from clawc.spec import ast
from clawc.spec.ast import Span
from clawc.spec.blocks import BY_KIND, TOP_LEVEL
from clawc.spec.grammar import Tables, tables

WORDS = {
    "_NL": "end of line", "LBRACE": "`{`", "RBRACE": "`}`", "LPAR": "`(`", "RPAR": "`)`", "LSQB": "`[`", "RSQB": "`]`",
    "EQUAL": "`=`", "_COMMA": "`,`", "COLON": "`:`", "SEMICOLON": "`;`", "DOT": "`.`", "_PIPE": "`|`", "NAME": "a name",
    "STRING": "a text", "TRIPLE": "a text", "NUMBER": "a number", "REGEX": "a regex", "DATE": "a date",
    "QUOTED": "a name", "$END": "end of file", "EDITION": "`claw 1`", "EQ": "an operator", "NE": "an operator",
    "LE": "an operator", "GE": "an operator", "LESSTHAN": "an operator", "MORETHAN": "an operator", "PLUS": "an operator",
    "MINUS": "an operator", "STAR": "an operator", "SLASH": "an operator", "AND": "an operator", "OR": "an operator",
    "COALESCE": "an operator", "IN": "an operator", "WITHIN": "`within`", "ON": "`on`", "THEN": "`then`",
    "ELSE": "`else`", "DOTDOT": "`..`", "INT_RANGE": "a range",
}  # fmt: skip
VALUE_STARTS = {"a name", "a number", "a text", "a regex", "a date", "a range", "`(`", "`[`", "`{`", "`-`"}
MAY_LEAD = frozenset((*ITEM_STARTS, "IF", "RBRACE", "EDITION"))
BEFORE_ITEMS = frozenset(("_NL", "SEMICOLON", "LBRACE", "EDITION"))
PIECES = (Token, Flat)
ONE_A_LINE = ("E0101", "E0103", "E0104", "E0105")
MAX_DEPTH = 200
MAX_STATES = 40 * MAX_DEPTH
# (state below, state on top, terminal) to the state behind the reductions that only pass a node on.
_CHAINS: dict[tuple[int, int, str], int] = {}


class Parsed(NamedTuple):
    """The tree of a file, and its comments for the formatter."""

    file: ast.File
    comments: list[Comment]


def parse(source: Source, diagnostics: Diagnostics) -> Parsed:
    """Reads a whole file; whatever is wrong with it is reported, and the tree holds what could be read."""
    parsed, found = _parsed(source)
    diagnostics.include(found.of(source))
    return Parsed(parsed.file, list(parsed.comments))


@lru_cache(maxsize=1)  # a task is read for its first instance, for others, and for what stands where in it
def _parsed(source: Source) -> tuple[Parsed, Diagnostics]:
    said = Diagnostics()
    tokens, comments = lex(source.text)
    found = Diagnostics()
    tokens = report_bad(source, tokens, found)
    result = _tree(source, tokens, found)
    said.include(_one_a_line(source, found))
    items: tuple[ast.Item, ...] = ()
    edition = 0
    if isinstance(result, Flat):
        edition = next((int(t.text.split()[1][:9]) for t in result.tokens("EDITION")), 0)
        items = tuple(result.nodes)
    docs = _doc_comments(source, comments)
    items = tuple(_with_doc(item, docs, source) for item in items)
    return Parsed(ast.File(edition, items, Span(0, len(source.text))), comments), said


def _tree(source: Source, tokens: list[Token], diagnostics: Diagnostics) -> Any:
    """What the automaton makes of the tokens. Braces that pair are believed, whatever the indentation, unless a block is
    found in another one where it has no place: then one brace may be missing where another is too many."""
    if pairs(tokens):
        tried = Diagnostics()
        result = _Driver(source, tried, "start").run(_with_edition(source, tokens, tried))
        nested = not isinstance(result, Flat) or not all(_in_place(item, TOP_LEVEL) for item in result.nodes)
        repaired = repair_braces(source, tokens, diagnostics) if nested else tokens
        if repaired is tokens:
            diagnostics.include(tried)
            return result
        tokens = repaired
    else:
        tokens = repair_braces(source, tokens, diagnostics)
    return _Driver(source, diagnostics, "start").run(_with_edition(source, tokens, diagnostics))


def _one_a_line(source: Source, found: Diagnostics) -> Diagnostics:
    """A character or text that cannot be read, and what does not fit beside it on its line, are one mistake: the first."""
    first: dict[int, str] = {}
    kept = Diagnostics()
    for d in found.sorted():
        if d.code in ONE_A_LINE:
            before = first.setdefault(source.position(d.span.start)[0], d.code)
            if (before == "E0101") != (d.code == "E0101"):
                continue
        kept.add(d.code, d.source, d.span, d.message, d.help, d.fix)
    return kept


def _in_place(item: ast.Item, kinds: tuple[str, ...]) -> bool:
    """Does every block stand in one that may hold it?"""
    if not isinstance(item, ast.Block):
        return True
    row = BY_KIND.get(item.kind.text)
    return row is not None and row.kind in kinds and all(_in_place(inner, row.children) for inner in item.items)


def parse_expression(source: Source, span: Span, diagnostics: Diagnostics) -> ast.Expr:
    """Reads text[span] as one expression or pipeline: the inside of a template hole."""
    tokens = report_bad(source, lex(source.text, span.start, span.end).tokens, diagnostics)
    tokens = [t for t in tokens if t.kind != "_NL"]
    result = _Driver(source, diagnostics, "pipe").run(tokens)
    return ast.Broken(span) if isinstance(result, Flat) or result is None else result


class _Begun(NamedTuple):
    """Where an item began: its first token, how many braces were open, and how many states there were."""

    token: Token
    depth: int
    height: int


class _Driver:
    """One run of the automaton; `states` and `values` are its stacks."""

    def __init__(self, source: Source, diagnostics: Diagnostics, start: str) -> None:
        self.source = source
        self.diagnostics = diagnostics
        self.table: Tables = tables()
        self.end = self.table.ends[start]
        self.start = start
        self.states = [self.table.starts[start]]
        self.values: list[Any] = []

    def run(self, tokens: list[Token]) -> Any:
        at = 0
        may_start = True
        last_item: _Begun | None = None
        around: list[_Begun | None] = []  # for each open brace the item that it belongs to
        previous: Token | None = None
        recovered = -1
        while at < len(tokens):
            token = tokens[at]
            if may_start and (last_item is None or token.kind in MAY_LEAD):
                last_item = _Begun(token, len(around), len(self.states))
            elif may_start and last_item is not None:
                last_item = last_item._replace(height=len(self.states))  # meant to continue the item before
            if token.kind == "$END" and self._accepts("$END"):
                return self._finish(token)
            if self._take(token):
                may_start = token.kind in BEFORE_ITEMS and self._accepts("LET")
                if token.kind == "LBRACE":
                    around.append(last_item)
                elif token.kind == "RBRACE" and around:
                    last_item = around.pop()
                previous = token
                at += 1
                continue
            begun = last_item or _Begun(token, len(around), len(self.states))
            item = begun.token
            line, hanging = swallowed_line(tokens, at, item)
            opener = None if hanging else self._unclosed(tokens, at, item)
            if opener is not None:
                self.diagnostics.add("E0101", self.source, opener.span, f"this `{opener.text}` is never closed",
                                     f"add the missing `{'])'[opener.kind == 'LPAR']}`")  # fmt: skip
            else:
                self._report(tokens, at, previous, hanging)
            if self.start == "pipe":
                return None
            if token.kind == "$END":
                return self._close(begun, token)
            del around[begun.depth :]
            after = self._recover(tokens, at, begun, line)
            # Made-up tokens share their offset, so a recovery may stay in place: then the token is dropped.
            at = max(after, recovered + 1)
            recovered = at
            previous = tokens[at - 1] if at else None
            may_start = True
        return None

    def _take(self, token: Token) -> bool:
        """Shifts the token, also as the soft keyword that it spells; False when the automaton cannot take it."""
        if token.kind == "NAME" and token.text in SOFT and self._accepts(SOFT[token.text]):
            return self._feed(token._replace(kind=SOFT[token.text]))
        return len(self.states) < MAX_STATES and self._feed(token)

    def _accepts(self, kind: str, states: list[int] | None = None) -> bool:
        """Would the automaton shift this terminal? Tried on a copy of the state stack."""
        actions, gotos, rules = self.table.actions, self.table.gotos, self.table.rules
        base = self.states if states is None else states
        top, extra = len(base), list[int]()  # the stack is base[:top] + extra, so nothing is copied
        while True:
            state = extra[-1] if extra else base[top - 1]
            action = actions[state].get(kind)
            if action is None:
                return kind == "$END" and state == self.end
            if action >= 0:
                return True
            rule = rules[-1 - action]
            drop = rule.length
            if drop <= len(extra):
                del extra[len(extra) - drop :]
            else:
                top -= drop - len(extra)
                extra.clear()
            state = extra[-1] if extra else base[top - 1]
            extra.append(gotos[state][rule.origin])

    def _feed(self, token: Token) -> bool:
        """Reduces what the token ends, and shifts it. When that fails, nothing has changed: recovery starts from here."""
        actions, kind, states, values = self.table.actions, token.kind, self.states, self.values
        undo: list[tuple[list[int], list[Any], Flat | None, int]] = []
        while True:
            state = states[-1]
            action = actions[state].get(kind)
            if action is None:
                self._undo(undo)
                return False
            if action >= 0:
                states.append(action)
                values.append(token)
                return True
            if values and type(values[-1]) not in PIECES:
                top = _CHAINS.get((states[-2], state, kind), -1)
                if top < 0:
                    top = self._chain(states[-2], state, kind)
                if top != state:
                    undo.append(([state], [values[-1]], None, 0))
                    states[-1] = top
                    continue
            undo.append(self._reduce(-1 - action))

    def _chain(self, below: int, state: int, kind: str) -> int:
        """The state behind all reductions that only pass a node on, such as those from a literal up to an expression."""
        actions, gotos, rules = self.table.actions, self.table.gotos, self.table.rules
        top = state
        while (action := actions[top].get(kind)) is not None and action < 0:
            rule = rules[-1 - action]
            if rule.length != 1 or not passes_on(rule.build, rule.origin):
                break
            top = gotos[below][rule.origin]
        _CHAINS[below, state, kind] = top
        return top

    def _undo(self, undo: list[tuple[list[int], list[Any], Flat | None, int]]) -> None:
        for states, values, grown, length in reversed(undo):
            del self.states[-1], self.values[-1]
            self.states += states
            self.values += values
            if grown is not None:
                del grown.parts[length:]

    def _reduce(self, number: int) -> tuple[list[int], list[Any], Flat | None, int]:
        """Reduces by a rule; returns the states and values that it took, and the repetition that grew, with its length before."""
        origin, build, count = self.table.rules[number]
        states, values = self.states, self.values
        at = len(values) - count
        children, taken = values[at:], states[at + 1 :]
        first = children[0] if children else None
        grown = first if type(first) is Flat and build not in BUILDERS else None
        length = len(grown.parts) if grown is not None else 0
        value = build_node(build, origin, children)
        del values[at:], states[at + 1 :]
        values.append(value)
        states.append(self.table.gotos[states[-1]][origin])
        return taken, children, grown, length

    def _finish(self, token: Token) -> Any:
        while self.states[-1] != self.end:
            action = self.table.actions[self.states[-1]].get("$END")
            if action is None or action >= 0:
                return None
            self._reduce(-1 - action)
        return self.values[-1]

    def _unclosed(self, tokens: list[Token], at: int, item: Token) -> Token | None:
        """The innermost open `(` or `[` of the item, when the item ends or another one starts before it is closed."""
        start = next((i for i in range(at, -1, -1) if tokens[i].start <= item.start), 0)
        open_: list[Token] = []
        for token in tokens[start:at]:
            if token.kind in OPENERS:
                open_.append(token)
            elif token.kind in CLOSERS and open_:
                open_.pop()
        token = tokens[at]
        if (
            not open_
            or open_[-1].kind == "LBRACE"
            or not (token.kind in ("RBRACE", "$END") or (token.lead and starts_item(tokens, at)))
        ):
            return None
        column = self.source.position(item.start)[1]
        depth = 1
        for token in tokens[at:]:
            depth += (token.kind in OPENERS) - (token.kind in CLOSERS)
            if depth == 0:
                return open_[-1] if token.kind == "RBRACE" else None
            if token.lead and token.kind != "_NL" and self.source.position(token.start)[1] <= column:
                break
        return open_[-1]

    def _report(self, tokens: list[Token], at: int, previous: Token | None, hanging: Token | None) -> None:
        token = tokens[at]
        if token.kind == "BAD" or self.diagnostics.full:
            return  # the lexical pass has said what is wrong with it
        if token.kind == "LBRACE" and self.diagnostics.has("E0106", self.source, token.span):
            return
        if len(self.states) >= MAX_STATES:
            self.diagnostics.add(
                "E0108", self.source, token.span, f"nested more than {MAX_DEPTH} deep", "name the parts with `let`"
            )
            return
        expected = self._expected()
        if hanging is not None:
            # An operator or comma at a line's end took the next item in: the mistake is where it stands.
            where = Span(hanging.start, hanging.start + max(1, len(hanging.text.strip())))
            self.diagnostics.add(
                "E0101", self.source, where, f"expected a value after `{hanging.text.strip()}`",
                "complete the expression, or remove what stands at the line's end",
            )  # fmt: skip
            return
        found = (
            "end of line"
            if token.kind == "_NL"
            else "end of file"
            if token.kind == "$END"
            else f"`{token.text.strip()}`"
        )
        span = token.span
        if token.kind == "_NL":
            span = Span(token.start, token.start)
        help = ""
        fix: Fix | None = None
        if token.lead and token.kind in HANGING and token.kind not in ("EQUAL", "_COMMA"):
            message = f"unexpected `{token.text}` at the beginning of a line"
            self.diagnostics.add("E0101", self.source, span, message,
                                 f"an expression goes on behind an operator: put `{token.text}` at the end of the line before")  # fmt: skip
            return
        if token.kind == "_NL" and "`else`" in expected:
            help = "put `else` at the end of this line"
        elif (
            token.kind == "EQUAL"
            and self._accepts("EQ")
            and (at + 1 >= len(tokens) or tokens[at + 1].kind not in COMPARISONS)
        ):
            help, fix = "write `==` to compare", Fix(token.span, "==", "compare")
        elif previous is not None and previous.kind == "NAME" and previous.text in ("sort",) and token.kind == "NAME":
            help = f"write `sort {token.text}`"
        elif token.kind == "NAME" and token.text in ("asc", "desc", "ascending", "descending") and previous is not None:
            sign = "-" if token.text.startswith("desc") else ""
            help = f"write `sort {sign}{previous.text}`"
            fix = Fix(Span(previous.start, token.end), f"{sign}{previous.text}", help)
        elif previous is not None and previous.kind == "EQUAL" and token.kind in ("LET", "DEF", "USE", "EXPECT", "IF"):
            help = f"`{token.text}` is a reserved word"
        if not help and (habit := hint(tokens, at, expected)) is not None:
            help, fix = habit
        expected_text = _expected_text(expected)
        message = f"unexpected {found}" + (f"; expected {expected_text}" if expected_text else "")
        self.diagnostics.add("E0101", self.source, span, message, help, fix)

    def _expected(self) -> list[str]:
        words = {
            WORDS.get(kind, f"`{kind.lower()}`")
            for kind in self.table.actions[self.states[-1]]
            if self._accepts(kind) and kind not in ("EDITION",)
        }
        return sorted(words)

    def _close(self, begun: _Begun, end: Token) -> Any:
        """The end of the file in the middle of something: what stands above it is kept."""
        item = begun.token
        cut = self._cut("$END", begun.height)
        if not cut:
            return None
        del self.states[cut:], self.values[cut - 1 :]
        self._keep_broken((), Span(min(item.start, end.start), end.start))
        return self._finish(end)

    def _recover(self, tokens: list[Token], at: int, begun: _Begun, line: int) -> int:
        """Skips to the next place where an item may start, pops to there; returns the index to go on with.

        `line`: the index of a token that starts an item which the broken one has swallowed, or 0.
        """
        item = begun.token
        start = next((i for i in range(at, -1, -1) if tokens[i].start <= item.start), 0)
        open_: list[str] = []
        for token in tokens[start : line or at]:
            track(open_, token.kind)
        column = self.source.position(item.start)[1]
        index = line or at
        while index < len(tokens):
            token = tokens[index]
            kind = token.kind
            leads = token.lead and kind in (*ITEM_STARTS, "RBRACE")
            dedented = leads and token.start > item.start and self.source.position(token.start)[1] <= column
            closes_own = kind == "RBRACE" and "LBRACE" in open_
            if index > start and (
                kind == "$END"
                or (dedented and not closes_own)
                or (kind == "RBRACE" and "LBRACE" not in open_)
                or (not open_ and (kind in ("RBRACE", "SEMICOLON") or (kind == "_NL" and ends_item(tokens, index))))
            ):
                cut = self._cut(kind, begun.height)
                if cut:
                    names = declared(tokens[start:index])
                    del self.states[cut:], self.values[cut - 1 :]
                    self._keep_broken(names, Span(tokens[start].start, token.start))
                    return index + 1 if kind in ("_NL", "SEMICOLON") else index
            track(open_, kind)
            index += 1
        return len(tokens) - 1

    def _cut(self, kind: str, height: int) -> int:
        """How many states to keep so that an item (or the token itself) can come next; 0 when there is none.

        At most `height`, that of the stack where the item began: a block that is closed already is not entered again.
        """
        for cut in range(min(len(self.states), height), 0, -1):
            states = self.states[:cut]
            if self._accepts("LET", states) and (kind in ("_NL", "SEMICOLON") or self._accepts(kind, states)):
                return cut
            if kind == "$END" and self._accepts("$END", states):
                return cut
        return 0

    def _keep_broken(self, names: tuple[str, ...], span: Span) -> None:
        """Puts the cut item among its siblings: fed as an attribute with a name that no source can spell."""
        word = Token("NAME", "", span.start, span.start, False)
        if not self._accepts("LET"):
            return  # at the end of the file, where no item can follow
        self._feed(word)
        self._feed(word._replace(kind="EQUAL"))
        self._feed(word._replace(kind="NULL", text="null"))
        self._feed(word._replace(kind="_NL", text="\n"))
        self._mark(names, span)

    def _mark(self, names: tuple[str, ...], span: Span) -> None:
        """Replaces the stand-in that was just reduced by the broken item."""
        for index in range(len(self.values) - 1, -1, -1):
            value = self.values[index]
            marked = _replace_standin(value, ast.BrokenItem(names, span))
            if marked is not None:
                self.values[index] = marked
                return


def _replace_standin(value: Any, broken: ast.BrokenItem) -> Any:
    if isinstance(value, ast.Attribute) and value.name.text == "":
        return broken
    if isinstance(value, Flat):
        for index in range(len(value.parts) - 1, -1, -1):
            inner = _replace_standin(value.parts[index], broken)
            if inner is not None:
                value.parts[index] = inner
                return value
    return None


def _expected_text(words: list[str]) -> str:
    if VALUE_STARTS & set(words) >= {"a name", "a number", "a text"}:
        return "a value"
    if "an operator" in words:
        words = [w for w in words if w in ("`,`", "`]`", "`)`", "`:`", "`then`", "`else`")] or ["end of line"]
    return " or ".join(words[:4])


def _with_edition(source: Source, tokens: list[Token], diagnostics: Diagnostics) -> list[Token]:
    """A missing first line is reported once and made up."""
    first = next((i for i, t in enumerate(tokens) if t.kind != "_NL"), 0)
    if tokens[first].kind == "EDITION":
        return tokens
    at = tokens[first].start
    diagnostics.add(
        "E0102", source, Span(at, at), "the edition is missing; the first line must be `claw 1`",
        "add `claw 1` as the first line", Fix(Span(0, 0), "claw 1\n\n", "add the edition"),
    )  # fmt: skip
    made = [Token("EDITION", "claw 1", at, at, True), Token("_NL", "\n", at, at, True)]
    return [*tokens[:first], *(made if tokens[first].kind != "$END" else made[:1]), *tokens[first:]]


def _doc_comments(source: Source, comments: list[Comment]) -> dict[int, str]:
    """Line number to the text of a `##` comment that has the line for itself."""
    return {
        source.position(c.start)[0]: c.text[2:].strip()
        for c in comments
        if c.text.startswith("##") and not source.text[source.text.rfind("\n", 0, c.start) + 1 : c.start].strip()
    }


def _with_doc(item: ast.Item, docs: dict[int, str], source: Source) -> ast.Item:
    if not isinstance(item, ast.Block):
        return item
    lines: list[str] = []
    line = source.position(item.span.start)[0] - 1
    while line in docs:
        lines.insert(0, docs[line])
        line -= 1
    return ast.Block(item.kind, item.labels, item.items, item.has_body, " ".join(lines), item.span)
