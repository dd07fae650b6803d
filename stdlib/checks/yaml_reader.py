"""YAML by its core schema 1.2 over the vendored parser: scalars get their types here, no object is constructed.

The size of the text, of the nodes with every alias followed, and their depth are bounded.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Dict, List, Optional

from clawc.stdlib.checks.kinds import cut
from clawc.stdlib.checks.readers import MAX_DIGITS, source_name, text_of
from clawc.stdlib.checks.values import Number, Row, Unmet
from clawc.stdlib.checks.vendoring import vendored

MAX_YAML_TEXT = 1 << 20
MAX_YAML_NODES = 100_000  # with all aliases followed
MAX_YAML_WRITTEN = 50_000
MAX_YAML_DEPTH = 100
# The parser looks at every open bracket for each node: nodes deep inside cost more.
MAX_YAML_STEPS = 1_000_000
YAML_TAG = "tag:yaml.org,2002:"

_YAML_NULL = re.compile(r"(~|null|Null|NULL|)\Z")
_YAML_TRUTH = re.compile(r"(?:(true|True|TRUE)|false|False|FALSE)\Z")
_YAML_INTEGER = re.compile(r"([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z")
_YAML_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?0*[0-9]{1,3})?\Z")
_YAML_WIDE = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+\Z")
_YAML_NO_NUMBER = re.compile(r"([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z")
# A version that the parser would turn into a number, however long it is.
_YAML_LONG_VERSION = re.compile(r"^%YAML[ \t]+[0-9.]{20}", re.M)


def yaml_value(source: Any) -> Any:
    """The value of a YAML text with one document."""
    documents = yaml_nodes(source)
    if len(documents) > 1:
        raise Unmet(f"{source_name(source)} holds more than one YAML document; `yaml_all` reads them as a list")
    return yaml_node_value(documents[0], source_name(source))


def yaml_all(source: Any) -> List[Any]:
    """The values of all documents of a YAML text."""
    name = source_name(source)
    room = [MAX_YAML_NODES]
    return [yaml_node_value(node, name, room) for node in yaml_nodes(source)]


def yaml_nodes(source: Any) -> List[Any]:
    """The root nodes of all documents, at least one, as the parser's composer makes them."""
    text, name = text_of(source), source_name(source)
    if len(text) > MAX_YAML_TEXT:
        raise Unmet(f"{name} is too large for YAML: more than {MAX_YAML_TEXT >> 20} MiB")
    if _YAML_LONG_VERSION.search(text):
        raise Unmet(f"{name} is not YAML: a version has too many digits")
    error = vendored("yaml", "error")
    documents: List[Any] = []
    try:
        composer = yaml_composer(text, name)
        while composer.check_node():
            documents.append(composer.get_node())
    except error.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
        raise Unmet(f"{name} is not YAML: {where}{cut(str(problem.problem or problem.context), 160)}") from None
    except error.YAMLError as problem:  # a character that no YAML text has
        code, line = problem.character, text.count("\n", 0, problem.position) + 1
        raise Unmet(f"{name} is not YAML: line {line}: the character U+{code:04X} is not allowed") from None
    except (ValueError, OverflowError, IndexError):  # escapes of characters that do not exist
        raise Unmet(f"{name} is not YAML: it has an escape that stands for no character") from None
    if not documents:
        raise Unmet(f"{name} is empty, not YAML")
    return documents


def yaml_composer(text: str, name: str) -> Any:
    """A composer over a text that leaves types to us, and stops at nodes too deep or too many."""
    composing = vendored("yaml", "composer").Composer
    bases = (vendored("yaml", "reader").Reader, vendored("yaml", "scanner").Scanner, vendored("yaml", "parser").Parser)
    spent = {"nodes": 0, "depth": 0, "steps": 0}

    def compose_node(self: Any, parent: Any, index: Any) -> Any:
        spent["nodes"] += 1
        spent["depth"] += 1
        spent["steps"] += spent["depth"]
        if spent["depth"] > MAX_YAML_DEPTH:
            line = self.peek_event().start_mark.line + 1
            raise Unmet(f"{name} is nested deeper than {MAX_YAML_DEPTH} levels (line {line})")
        if spent["nodes"] > MAX_YAML_WRITTEN or spent["steps"] > MAX_YAML_STEPS:
            raise Unmet(f"{name} is too large: more than {MAX_YAML_WRITTEN} nodes, or too many of them nested deep")
        node = composing.compose_node(self, parent, index)
        spent["depth"] -= 1
        return node

    def resolve(self: Any, kind: Any, value: Any, implicit: Any) -> str:
        return "" if kind.id != "scalar" or implicit[0] else YAML_TAG + "str"

    def unused(self: Any, *nodes: Any) -> None:
        """Types do not depend on the path to a node."""

    methods: Dict[str, Any] = {
        "compose_node": compose_node,
        "resolve": resolve,
        "descend_resolver": unused,
        "ascend_resolver": unused,
    }
    made: Any = type("YamlComposer", (*bases, composing), methods)
    composer = made.__new__(made)
    bases[0].__init__(composer, text)
    for base in (*bases[1:], composing):
        base.__init__(composer)
    return composer


def yaml_node_value(node: Any, name: str, room: Optional[List[int]] = None) -> Any:
    """The value of a node; `room` holds how many nodes may still be visited, aliases followed."""
    return _yaml_value(node, name, [MAX_YAML_NODES] if room is None else room, set())


def _yaml_value(node: Any, name: str, room: List[int], inside: Any) -> Any:
    """As `yaml_node_value`; `inside` are the nodes that this one lies in."""
    room[0] -= 1
    if room[0] < 0:
        raise Unmet(f"{name} is too large: more than {MAX_YAML_NODES} nodes with all aliases followed")
    where = f"line {node.start_mark.line + 1}"
    if node.id == "scalar":
        return yaml_scalar(node.value, node.tag, f"{name} {where}")
    if node.tag not in ("", YAML_TAG + ("seq" if node.id == "sequence" else "map")):
        raise Unmet(f"{name} {where} has the tag `{cut(node.tag, 60)}`, which stands for no plain value")
    if id(node) in inside:
        raise Unmet(f"{name} {where} holds itself through an alias")
    if len(inside) >= MAX_YAML_DEPTH:
        raise Unmet(f"{name} is nested deeper than {MAX_YAML_DEPTH} levels ({where})")
    inside.add(id(node))
    value: Any
    if node.id == "sequence":
        value = [_yaml_value(item, name, room, inside) for item in node.value]
    else:
        value = _yaml_record(node, name, room, inside)
    inside.discard(id(node))
    return value


def _yaml_record(node: Any, name: str, room: List[int], inside: Any) -> Row:
    """The record of a mapping, by the text of its keys."""
    record: Row = {}
    for key, value in node.value:
        where = f"{name} line {key.start_mark.line + 1}"
        if key.id != "scalar":
            raise Unmet(f"{where} has a key that is no text")
        if key.value in record:
            raise Unmet(f"{where} has the key `{cut(key.value, 60)}` a second time")
        yaml_scalar(key.value, key.tag, where)
        record[key.value] = _yaml_value(value, name, room, inside)
    return record


def yaml_scalar(text: str, tag: str, where: str) -> Any:
    """A scalar by its tag, or, where it has none, by its form."""
    kind = tag[len(YAML_TAG) :] if tag.startswith(YAML_TAG) else tag
    if kind == "str":
        return text
    if kind in ("", "null") and _YAML_NULL.match(text):
        return None
    if kind in ("", "bool"):
        truth = _YAML_TRUTH.match(text)
        if truth is not None:
            return truth.group(1) is not None
    if kind in ("", "int", "float"):
        number_value = _yaml_number(text, kind, where)
        if number_value is not None:
            return number_value
    if kind == "":
        return text
    if kind in ("null", "bool", "int", "float"):
        raise Unmet(f"{where}: `{cut(text, 60)}` is no value of the tag `!!{kind}`")
    raise Unmet(f"{where} has the tag `{cut(tag, 60)}`, which stands for no plain value")


def _yaml_number(text: str, kind: str, where: str) -> Optional[Number]:
    """The number that a plain scalar is, with the digits of its spelling; None when it is none."""
    if _YAML_NO_NUMBER.match(text):
        raise Unmet(f"{where}: `{cut(text, 60)}` is not a number that can be compared")
    if not _YAML_INTEGER.match(text) and not _YAML_DECIMAL.match(text):
        if not _YAML_WIDE.match(text):
            return None
        raise Unmet(f"{where}: the number `{cut(text, 60)}` is too large")
    if len(text) > MAX_DIGITS:
        raise Unmet(f"{where}: the number `{cut(text, 60)}` is too large")
    if text.startswith(("0o", "0x")):
        return int(text, 0)
    if kind != "float" and _YAML_INTEGER.match(text):
        return int(text)
    return Decimal(text) if kind != "int" else None
