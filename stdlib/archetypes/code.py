"""Archetypes over small Python modules: a bug to fix."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clawc.stdlib.archetypes.archetype import Archetype
from clawc.stdlib.archetypes.brief import Fact
from clawc.stdlib.archetypes.draft import Draft, hole, quoted
from clawc.stdlib.archetypes.draw import Draw
from clawc.stdlib.archetypes.parts import Unfit
from clawc.stdlib.archetypes.pieces import (
    deliver,
    judge,
    keep,
    let,
    out_path,
    text_file,
)  # fmt: skip

Args = tuple[Fact, ...]
Case = tuple[Args, Fact]


@dataclass(frozen=True, slots=True)
class Flawed:
    """A function with slips that somebody may have made: its text, what replaces what, and arguments to try it with."""

    name: str
    source: str
    slips: tuple[tuple[str, str], ...]
    arguments: Callable[[Draw], Args]


def _numbers(draw: Draw, low: int, high: int, most: int = 7) -> list[Fact]:
    return [draw.between(low, high) for _ in range(draw.between(0 if draw.chance(15) else 2, most))]


def _span(draw: Draw) -> list[Fact]:
    start = draw.between(0, 20)
    return [start, start + draw.between(1, 8)]


def _rate(draw: Draw) -> Args:
    return (draw.pick((0, 1, 9, 10, 11, 19, 20, 21, 35, 50)), draw.between(1, 9) * 5)


_FLAWED = (
    Flawed("charge", '''def charge(count, price):
    """Price of `count` pieces: from 10 pieces on 10 % less, from 20 on 20 % less, for all of them; rounded down to whole units."""
    total = count * price
    if count >= 20:
        total = total * 80 // 100
    elif count >= 10:
        total = total * 90 // 100
    return total
''', (("count >= 20", "count > 20"), ("count >= 10", "count > 10"), ("* 90 //", "* 95 //"), ("elif count", "if count")), _rate),
    Flawed("gaps", '''def gaps(numbers):
    """The whole numbers between the least and the greatest of `numbers` that are missing there, ascending; [] for no numbers."""
    if not numbers:
        return []
    have = set(numbers)
    return [n for n in range(min(have), max(have) + 1) if n not in have]
''', (("min(have)", "0"), ("if not numbers:\n        return []\n    have", "have"), ("if n not in have", "if n + 1 not in have")), lambda draw: (_numbers(draw, 1, 14),)),
    Flawed("longest_run", '''def longest_run(values):
    """How many equal values stand in a row at most; 0 for an empty list."""
    best = current = 0
    previous = None
    for value in values:
        current = current + 1 if value == previous else 1
        previous = value
        best = max(best, current)
    return best
''', (("else 1\n", "else 0\n"), ("        best = max(best, current)\n    return best", "    best = max(best, current)\n    return best"), ("        previous = value\n        best", "        best")), lambda draw: (_numbers(draw, 1, 2, 9),)),
    Flawed("merge_spans", '''def merge_spans(spans):
    """Spans [start, end] in any order, joined where they overlap or touch, sorted by start."""
    merged = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return merged
''', (("start <= merged", "start < merged"), ("max(merged[-1][1], end)", "end"), ("in sorted(spans)", "in spans")), lambda draw: ([_span(draw) for _ in range(draw.between(0, 5))],)),
    Flawed("weighted_mean", '''def weighted_mean(pairs):
    """Mean of the values of [value, weight] pairs, weighted and rounded down; None if the weights add up to nothing."""
    total = sum(weight for _, weight in pairs)
    if total == 0:
        return None
    return sum(value * weight for value, weight in pairs) // total
''', (("// total", "// len(pairs)"), ("    if total == 0:\n        return None\n", ""), ("sum(value * weight for value, weight in pairs)", "sum(value for value, _ in pairs)")), lambda draw: ([[draw.between(1, 30), draw.between(0, 4)] for _ in range(draw.between(0, 4))],)),
    Flawed("page_of", '''def page_of(items, number, size):
    """The items of page `number`, counted from 1, with `size` items a page; [] for pages that there are not."""
    if number < 1:
        return []
    first = (number - 1) * size
    return items[first:first + size]
''', (("(number - 1) * size", "number * size"), ("first:first + size", "first:first + size - 1"), ("    if number < 1:\n        return []\n", "")), lambda draw: (_numbers(draw, 1, 40, 9), draw.between(-1, 4), draw.between(2, 4))),
    Flawed("top_two", '''def top_two(scores):
    """The two greatest different scores, the greater one first; fewer if there are not so many."""
    return sorted(set(scores), reverse=True)[:2]
''', (("set(scores)", "scores"), (", reverse=True", ""), ("[:2]", "[:1]")), lambda draw: (_numbers(draw, 1, 9),)),
    Flawed("spell_time", '''def spell_time(minutes):
    """Minutes as text: 75 is "1 h 15 min", 60 is "1 h", 20 is "20 min", 0 is "0 min"."""
    hours, rest = divmod(minutes, 60)
    if hours and rest:
        return f"{hours} h {rest} min"
    return f"{hours} h" if hours else f"{rest} min"
''', (("divmod(minutes, 60)", "divmod(minutes, 100)"), ("if hours and rest", "if hours"), ("if hours else", "if hours > 1 else")), lambda draw: (draw.pick((0, 1, 20, 59, 60, 61, 75, 100, 119, 120, 121, 180, 200, draw.between(62, 400))),)),
)  # fmt: skip


def _value(source: str, name: str, arguments: Args) -> Fact | Exception:
    """What a function of this module's own tables gives."""
    space: dict[str, Callable[..., Fact]] = {}
    exec(source, space)
    copied = [[list(x) if isinstance(x, list) else x for x in a] if isinstance(a, list) else a for a in arguments]
    try:
        return space[name](*copied)
    except (ArithmeticError, ValueError, LookupError, TypeError) as error:
        return error


def _other_slips(flawed: Flawed, broken: str) -> list[str]:
    """The function with each of the slips that it does not have here."""
    made = [flawed.source.replace(old, new, 1) for old, new in flawed.slips]
    return [text for text in made if text != broken]


def _code(value: Fact) -> str:
    """A value in the language."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_code, value))}]"
    return str(value)


def _cases(draw: Draw, flawed: Flawed, broken: str) -> tuple[list[Case], list[Case]]:
    """Arguments with what is right for them: those for which the broken function gives something else, and the others."""
    telling: list[Case] = []
    others: list[Case] = []
    for _ in range(120):
        arguments = flawed.arguments(draw)
        right, wrong = _value(flawed.source, flawed.name, arguments), _value(broken, flawed.name, arguments)
        if isinstance(right, Exception) or any(arguments == a for a, _ in [*others, *telling]):
            continue
        (telling if isinstance(wrong, Exception) or wrong != right else others).append((arguments, right))
    return telling, others


def _kept_cases(draw: Draw, flawed: Flawed, most: int = 5) -> list[Case]:
    """Some arguments with what is right for them, at least one."""
    found: list[Case] = []
    for _ in range(most * 3):
        arguments = flawed.arguments(draw)
        right = _value(flawed.source, flawed.name, arguments)
        if not isinstance(right, Exception) and all(arguments != a for a, _ in found):
            found.append((arguments, right))
    return found[:most]


def _test(name: str, flawed: Flawed, arguments: Args, right: Fact) -> str:
    call = f"{flawed.name}({', '.join(map(repr, arguments))})"
    return f"    def test_{name}(self):\n        self.assertEqual({call}, {right!r})\n"


# Calls functions of a module, and writes what each gives. What is right does not stand here, so no module can look it up.
_CALLS = """import json
import sys

sys.path.insert(0, FOLDER)


def plain(value):
    if isinstance(value, tuple):
        return {"tuple": [plain(part) for part in value]}
    return [plain(part) for part in value] if isinstance(value, list) else value


def given(function, arguments):
    try:
        return plain(getattr(__import__(MODULE), function)(*arguments))
    except Exception as error:
        return {"error": type(error).__name__}


calls = json.load(open("calls.json", encoding="utf-8"))
values = [given(*call) for call in calls]
with open("values.json", "w", encoding="utf-8") as file:
    json.dump(values, file, default=repr)
"""


def _judge_calls(
    draft: Draft, path: str, module: str, tested: Sequence[tuple[str, Case]], unseen: Sequence[tuple[str, Case]]
) -> None:
    """Checks over one program that calls the module with all arguments: a sandbox for each of them would take seconds."""
    folder, _, file = path.rpartition("/")
    program = _CALLS.replace("FOLDER", repr(folder)).replace("MODULE", repr(file.removesuffix(".py")))
    calls = [[name, list(arguments)] for name, (arguments, _) in [*tested, *unseen]]
    files = f'{{"call_all.py": {quoted(program)}, "calls.json": {quoted(json.dumps(calls))}}}'
    tried = let(
        draft, "tried", f'run(["python3", "-S", "call_all.py", {module}], files = {files}, timeout = 10s, alone = true)'
    )
    given = let(draft, "given", f'json({tried}.files["values.json"])')
    for wish, cases, first, weight in (("suite_passes", tested, 0, 2), ("other_arguments", unseen, len(tested), 3)):
        expects = (f"{given}[{first + n}] == {_code(right)}" for n, (_, (_, right)) in enumerate(cases))
        judge(draft, wish, *expects, weight=weight)


def fix_bug(draft: Draft) -> None:
    """A module with a bug and tests of which some fail."""
    draw = draft.draw
    flawed: Flawed = draft.balance.pick(draw, "bug", _FLAWED, {f: f.name for f in _FLAWED})
    others = draw.sample([f for f in _FLAWED if f is not flawed], draw.between(1, 2))
    for old, new in draw.shuffled(flawed.slips):
        broken = flawed.source.replace(old, new, 1)
        telling, cases = _cases(draw, flawed, broken)
        if len(telling) >= 3 and len(cases) >= 2:
            break
    else:
        raise Unfit("no slip shows often enough")
    shown, hidden = [telling[0], *cases[:2]], [*telling[1:6], *cases[2:6]]
    folder, module = (
        draw.pick(("tools", "lib", "app", "shop", "planner", "stats")),
        draw.pick(("helpers", "figures", "rules", "core", "calc", "utils")),
    )
    parts = draw.shuffled([broken, *(o.source for o in others)])
    head = f'"""Small functions for {draft.domain.many}."""\n\n\n'
    text = head + "\n\n".join(parts)
    path, tests_path = f"{folder}/{module}.py", f"{folder}/test_{module}.py"
    file = text_file(draft, "module_0", path, text)
    shown = draw.shuffled(shown)
    tests = [_test(f"{flawed.name}_{i + 1}", flawed, a, r) for i, (a, r) in enumerate(shown)]
    beside = [(o, _kept_cases(draw, o)) for o in others]
    tests += [_test(other.name, other, *cases[0]) for other, cases in beside]
    imported = ", ".join(sorted([flawed.name, *(o.name for o in others)]))
    test_text = (
        f"import unittest\n\nfrom {module} import {imported}\n\n\nclass Tests(unittest.TestCase):\n"
        + "\n".join(tests)
        + '\n\nif __name__ == "__main__":\n    unittest.main()\n'
    )
    suite = text_file(draft, "tests", tests_path, test_text)
    fixed = deliver(draft, "module", path, f"edits = {file}")
    draft.formats_in.append("python")
    draft.say("source", draft.phrase("bug", (
        "A test of {tests} fails: run `python3 -m unittest` in the folder {folder}.", "In the folder {folder} `python3 -m unittest` runs {tests}, and not all of it passes.", "The tests are in {tests}; `python3 -m unittest` in {folder} shows a failure.",
    ), tests=hole(suite), folder=folder))  # fmt: skip
    draft.say("output", draft.phrase("fix", (
        "Fix {file} so that all tests pass and {name} does what its docstring promises, for other arguments too. Change no other file.", "Find the mistake in {file} and correct it there: all tests pass then, and {name} keeps the promise of its docstring in every case. Leave the other files alone.",
        "Mend {file} itself. All tests have to pass afterwards, and {name} has to follow its docstring for whatever it is called with. No other file changes.",
    ), file=hole(fixed), name=f"`{flawed.name}`"), {"do": "fix", "path": path, "function": flawed.name})  # fmt: skip
    _judge_calls(
        draft,
        path,
        fixed,
        [(flawed.name, c) for c in shown] + [(o.name, cases[0]) for o, cases in beside],
        [(flawed.name, c) for c in hidden] + [(o.name, c) for o, cases in beside for c in cases[1:]],
    )
    if draw.chance(55):
        limit = draw.pick((50, 60, 80))
        note = deliver(draft, "note", out_path(draft, draw.pick(("fix", "what_was_wrong", "note")), "md"))
        draft.say(
            "output",
            draft.phrase(
                "fix note",
                (
                    "Say in {file}, in at most {limit} words, what was wrong in {name}.",
                    "Write {file} about what was wrong in {name}, {limit} words at most.",
                    "Explain the mistake of {name} in {file} (no more than {limit} words).",
                ),
                file=hole(note),
                limit=limit,
                name=f"`{flawed.name}`",
            ),
            {"do": "note on fix", "words": limit},
        )
        judge(
            draft, "said", f"mentions({note}, {quoted(flawed.name)})", f"words({note}) <= {limit}", after="suite_passes"
        )
    draft.rest.append("environment { tools = [python3] }")
    draft.rest.append(
        f"solution {{ write {fixed} = {quoted(head + (chr(10) * 2).join(flawed.source if p is broken else p for p in parts))} }}"
    )
    wrong = next(
        iter(
            w for w in _other_slips(flawed, broken) if any(_value(w, flawed.name, a) != r for a, r in [*shown, *hidden])
        ),
        broken,
    )
    draft.rest.append(f"mutant another_slip {{\n  replace {fixed} = {quoted(text.replace(broken, wrong))}\n}}")
    keep(draft, f"only_changed([{fixed}])")
    draft.formats_out.append("python")
    draft.operation("code.inspect", "code.modify", "code.test")


ARCHETYPES = (
    Archetype("fix_bug", ("software.debugging",), (
        "One of our tests fails and nobody knows why.", "There is a bug in a small module of ours.", "Please fix a bug.", "Our figures are wrong and the code is to blame.", "A colleague changed something and now a test is red.", "The build is red.", "I need help with a Python module for {many}.", "Something in our code for {many} is broken.",
    ), fix_bug, "A bug in a module"),
)  # fmt: skip
