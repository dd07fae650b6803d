"""Mistakes with values in records and lists: JSON, YAML, TOML, INI."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from decimal import ROUND_DOWN, Decimal
from random import Random

from tests.holdout.model import Answer, Cell, Files, Instance, Value
from tests.holdout.operators import Operator, on_texts, on_trees
from tests.holdout.reading import json_of
from tests.holdout.truth import number_of
from tests.holdout.writing import json_text

Path = tuple[str | int, ...]


def leaves(value: Value, path: Path = ()) -> Iterator[tuple[Path, Cell]]:
    """Every single value with its path."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, (*path, key))
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from leaves(part, (*path, place))
    else:
        yield path, value


def put(value: Value, path: Path, new: Value) -> Value:
    """The tree with another value at a path."""
    if not path:
        return new
    if isinstance(value, dict):
        return {key: put(part, path[1:], new) if key == path[0] else part for key, part in value.items()}
    assert isinstance(value, list)
    return [put(part, path[1:], new) if place == path[0] else part for place, part in enumerate(value)]


def records(value: Value, path: Path = ()) -> Iterator[tuple[Path, dict[str, Value]]]:
    """Every record with its path."""
    if isinstance(value, dict):
        yield path, value
        for key, part in value.items():
            yield from records(part, (*path, key))


def lists(value: Value, path: Path = ()) -> Iterator[tuple[Path, list[Value]]]:
    """Every list with its path."""
    if isinstance(value, list):
        yield path, value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from lists(part, (*path, key))


def _leaf(
    fits: Callable[[Cell], bool], change: Callable[[Cell], Value], most: int = 2
) -> Callable[[Value, Random], Iterator[Value]]:
    def edit(value: Value, random: Random) -> Iterator[Value]:
        fitting = [(path, cell) for path, cell in leaves(value) if fits(cell)]
        for path, cell in random.sample(fitting, min(most, len(fitting))):
            yield put(value, path, change(cell))

    return edit


def _number(change: Callable[[Decimal], Decimal]) -> Callable[[Cell], Value]:
    return lambda cell: (
        change(number_of(cell) or Decimal(0))
        if isinstance(cell, Decimal)
        else str(change(number_of(cell) or Decimal(0)))
    )


def _is_number(cell: Cell) -> bool:
    return number_of(cell) is not None and not (isinstance(cell, str) and cell[:1] == "0")


def _is_text(cell: Cell) -> bool:
    return isinstance(cell, str) and number_of(cell) is None


def _record(
    change: Callable[[dict[str, Value], Random], dict[str, Value]],
) -> Callable[[Value, Random], Iterator[Value]]:
    def edit(value: Value, random: Random) -> Iterator[Value]:
        for path, record in records(value):
            if record:
                yield put(value, path, change(record, random))

    return edit


def _list(change: Callable[[list[Value]], Value]) -> Callable[[Value, Random], Iterator[Value]]:
    def edit(value: Value, _: Random) -> Iterator[Value]:
        for path, elements in lists(value):
            yield put(value, path, change(elements))

    return edit


def _key_lost(record: dict[str, Value], random: Random) -> dict[str, Value]:
    lost = random.choice([*record])
    return {key: part for key, part in record.items() if key != lost}


def _key_renamed(record: dict[str, Value], random: Random) -> dict[str, Value]:
    old = random.choice([*record])
    new = random.choice([old.upper(), old + "_", f"new {old}".replace(" ", "_"), old[:-1]])
    return {new if key == old else key: part for key, part in record.items()}


def _values_swapped(record: dict[str, Value], random: Random) -> dict[str, Value]:
    if len(record) < 2:
        return record
    a, b = random.sample([*record], 2)
    return {**record, a: record[b], b: record[a]}


def _flat(value: Value, _: Random) -> Iterator[Value]:
    if isinstance(value, dict):
        nested = {k: p for k, p in value.items() if isinstance(p, dict)}
        if nested:
            flat: dict[str, Value] = {k: p for k, p in value.items() if k not in nested}
            for part in nested.values():
                flat |= part
            yield flat
            yield {
                **{k: p for k, p in value.items() if k not in nested},
                **{k: json_text(p) for k, p in nested.items()},
            }


def _wrapped(value: Value, _: Random) -> Iterator[Value]:
    for key in ("result", "data"):
        yield {key: value}


def _line_form(_: Instance, answer: Answer, data: bytes, random: Random) -> Iterator[Files]:
    """JSON of another shape than was asked for: a text, lines, an array, a record by key, a record of columns."""
    if answer.form not in ("json", "json_rows", "jsonl"):
        return
    text = data.decode()
    shapes: list[str] = [json.dumps(text), "```json\n" + text + "```\n", "Here is the result:\n" + text]
    if answer.form == "jsonl":
        values = [json_of(line) for line in text.splitlines() if line.strip()]
        shapes += [json_text(values, 2), text.replace("}\n", "},\n")]
    else:
        value = json_of(text)
        shapes += [
            json_text({"data": value}),
            text.replace('"', "'"),
            re.sub(r"\n([ \t]*)([}\]])", r",\n\1\2", text),
            f"[{text}]",
        ]
        if isinstance(value, list):
            shapes += ["".join(json_text(v) + "\n" for v in value), json_text({str(n): v for n, v in enumerate(value)})]
            first = value[0]
            keys = [*first] if isinstance(first, dict) else []
            parts = [v for v in value if isinstance(v, dict)]
            shapes += [
                json_text({key: [v[key] for v in parts] for key in keys}),
                json_text([[v[key] for key in keys] for v in parts]),
            ]
    for shape in shapes:
        yield {answer.path: shape.encode()}


def _numbers_as_texts(_: Instance, answer: Answer, data: bytes, random: Random) -> Iterator[Files]:
    """Numbers of a typed format between quotes, and texts of digits as numbers."""
    text = data.decode("utf-8", "replace")
    if answer.form in ("json", "json_rows", "jsonl"):
        quoted = re.sub(r'(": )(-?[0-9.]+)(?=[,}\n])', r'\1"\2"', text)
        bare = re.sub(r'": "0*([0-9]+)"', r'": \1', text)
    elif answer.form in ("yaml", "toml"):
        quoted = re.sub(r"([:=] )(-?[0-9.]+)(?=$|[,} ])", r'\1"\2"', text, flags=re.M)
        bare = re.sub(r'([:=] )"([0-9]+)"', r"\1\2", text)
    else:
        return
    for changed in (quoted, bare):
        if changed != text:
            yield {answer.path: changed.encode()}


def _truth_words(text: str, _: Random) -> Iterator[str]:
    for yes, no in (("yes", "no"), ("on", "off"), ('"true"', '"false"'), ("1", "0")):
        yield re.sub(r"([:=] ?)false\b", rf"\g<1>{no}", re.sub(r"([:=] ?)true\b", rf"\g<1>{yes}", text))


def _truth_turned(text: str, _: Random) -> Iterator[str]:
    yield re.sub(r"([:=] ?)(true|false)\b", lambda m: m[1] + ("false" if m[2] == "true" else "true"), text, count=1)


def _comments_lost(text: str, _: Random) -> Iterator[str]:
    yield re.sub(r"^[ \t]*[#;].*\n|[ \t]+#.*$", "", text, flags=re.M)
    yield re.sub(r"^# .*\n", "", text, flags=re.M)


def _renamed_section(text: str, _: Random) -> Iterator[str]:
    yield re.sub(r"^\[(\w+)\]", r"[\1_old]", text, count=1, flags=re.M)
    yield re.sub(r"^\[(\w+)\]", lambda m: f"[{m[1].upper()}]", text, count=1, flags=re.M)
    yield re.sub(r"^\[\w+\]\n", "", text, count=1, flags=re.M)
    yield re.sub(r"^\[(\w+)\]", r"[[\1]]", text, count=1, flags=re.M)


def _doubled_section(text: str, _: Random) -> Iterator[str]:
    found = re.search(r"^\[\w+\]\n(?:(?!\[).*\n)*", text, flags=re.M)
    if found:
        yield text.rstrip("\n") + "\n\n" + found[0]


def _indented(text: str, _: Random) -> Iterator[str]:
    lines = text.splitlines(keepends=True)
    inner = [n for n, line in enumerate(lines) if line.startswith("  ")]
    if inner:
        yield "".join(line[2:] if n in inner else line for n, line in enumerate(lines))
        yield "".join("\t" + line.lstrip() if n in inner else line for n, line in enumerate(lines))


def _documents(text: str, _: Random) -> Iterator[str]:
    yield text + "---\nnote: done\n"
    yield "- " + text.replace("\n", "\n  ").rstrip() + "\n"


WRONG_TREES = (
    on_trees("leaf off by one", _leaf(_is_number, _number(lambda n: n + 1), 3)),
    on_trees("leaf a hundred times", _leaf(_is_number, _number(lambda n: n * 100))),
    on_trees("leaf without decimals", _leaf(_is_number, _number(lambda n: n.to_integral_value(ROUND_DOWN)))),
    on_trees("leaf with turned sign", _leaf(_is_number, _number(lambda n: -n))),
    on_trees("leaf null", _leaf(lambda c: c is not None, lambda _: None)),
    on_trees("leaf empty", _leaf(lambda c: c is not None, lambda _: "")),
    on_trees("leaf with unit", _leaf(_is_number, lambda c: f"{c} EUR")),
    on_trees("leaf in other case", _leaf(_is_text, lambda c: str(c).upper())),
    on_trees("leaf in a list", _leaf(lambda _: True, lambda c: [c])),
    on_trees("key lost", _record(_key_lost)),
    on_trees("key renamed", _record(_key_renamed)),
    on_trees("key too many", _record(lambda r, _: {**r, "note": "generated"})),
    on_trees("values swapped", _record(_values_swapped)),
    on_trees("record as list of pairs", _record(lambda r, _: {"pairs": [[k, v] for k, v in r.items()]})),
    on_trees("nested flat", _flat),
    on_trees("wrapped", _wrapped),
    on_trees("list as text", _list(lambda v: ", ".join(str(e) for e in v))),
    on_trees("list turned", _list(lambda v: v[::-1])),
    on_trees("list cut", _list(lambda v: v[:-1])),
    on_trees("list with a double", _list(lambda v: [*v, *v[:1]])),
    on_trees("list as record", _list(lambda v: {str(e): True for e in v})),
    Operator("other shape of JSON", "wrong", _line_form),
    Operator("numbers as texts, texts as numbers", "wrong", _numbers_as_texts),
    on_texts("conditions as words", ("json", "yaml", "toml", "ini"), _truth_words),
    on_texts("condition turned", ("json", "yaml", "toml", "ini"), _truth_turned),
    on_texts("comments lost", ("yaml", "toml", "ini"), _comments_lost),
    on_texts("section renamed", ("toml", "ini"), _renamed_section),
    on_texts("section doubled", ("toml", "ini"), _doubled_section),
    on_texts("indentation lost", ("yaml",), _indented),
    on_texts("two documents, or a list", ("yaml",), _documents),
)
