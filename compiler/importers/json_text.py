"""JSON, YAML and TOML of strangers, read to plain values: bounded, without tags, without half characters."""

from __future__ import annotations

import json
import math
import re
import tomllib
from typing import Any, cast

import yaml  # type: ignore[import-untyped]  # pyright: ignore[reportMissingModuleSource]

from clawc.compiler.importers.model import Refused
from clawc.compiler.importers.tree import Tree

MAX_YAML = 4 << 20
MAX_ALIASES = 200
MAX_NESTED = 200  # levels: each costs what all above it have cost, and a stack allows thousands
MAX_VALUES = 1_000_000  # of one document, those of aliases counted each time
_HALF = re.compile("[\ud800-\udfff]")


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Plain values alone: no dates, so that texts stay what was written, and few aliases, so that nothing explodes."""

    aliases = 0
    nested = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """A node; an alias is counted, and so are the levels above it."""
        events: Any = self
        if events.check_event(yaml.events.AliasEvent):
            self.aliases += 1
            if self.aliases > MAX_ALIASES:
                raise yaml.YAMLError(f"more than {MAX_ALIASES} aliases")
        above: Any = super()
        self.nested += 1
        if self.nested > MAX_NESTED:
            raise yaml.YAMLError(f"nested more than {MAX_NESTED} levels deep")
        node = above.compose_node(parent, index)
        self.nested -= 1
        return node

    def flatten_mapping(self, node: Any) -> None:
        """Keys of `<<`, which can double at each level."""
        above: Any = super()
        above.flatten_mapping(node)
        if len(node.value) > MAX_VALUES // 10:
            raise yaml.YAMLError("its merged keys are too many")


_RESOLVERS: Any = yaml.SafeLoader.yaml_implicit_resolvers
_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"] for first, pairs in _RESOLVERS.items()
}


def json_value(text: str, place: str) -> Any:
    """The value of a JSON text. Raises Refused."""
    try:
        return whole_texts(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise Refused(f"`{place}` is no JSON: {error}", place) from None


def yaml_value(text: str, place: str) -> Any:
    """The value of a YAML text. Raises Refused."""
    if len(text) > MAX_YAML:
        raise Refused(f"`{place}` is larger than {MAX_YAML >> 20} MiB", place)
    try:
        return whole_texts(yaml.load(text, _Loader))
    except (
        yaml.YAMLError,
        ValueError,
        RecursionError,
        TypeError,
        OverflowError,
        LookupError,
        AttributeError,
    ) as error:  # by tags
        why = " ".join(str(error).split())[:200]
        raise Refused(f"`{place}` is no YAML: {why}", place) from None


def toml_value(text: str, place: str) -> dict[str, Any]:
    """The value of a TOML text. Raises Refused."""
    try:
        found: dict[str, Any] = whole_texts(tomllib.loads(text))
        return found
    except (ValueError, RecursionError, TypeError) as error:
        raise Refused(f"`{place}` is no TOML: {error}", place) from None


def json_of(tree: Tree, path: str) -> Any:
    """The value of a JSON file. Raises Refused."""
    return json_value(tree.text(path), path)


def yaml_of(tree: Tree, path: str) -> Any:
    """The value of a YAML file. Raises Refused."""
    return yaml_value(tree.text(path), path)


def toml_of(tree: Tree, path: str) -> dict[str, Any]:
    """The value of a TOML file. Raises Refused."""
    return toml_value(tree.text(path), path)


def record(value: Any, place: str) -> dict[str, Any]:
    """The value, which has to be an object. Raises Refused."""
    if not isinstance(value, dict):
        raise Refused(f"`{place}` holds no object", place)
    return cast("dict[str, Any]", value)


def records(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; what is none is left out."""
    return [item for item in items(value) if isinstance(item, dict)]


def items(value: Any) -> list[Any]:
    """The elements of a list; none where it is no list."""
    given: Any = value  # what is inside a list of strangers is not known, either
    return list(given) if isinstance(value, list) else []


def texts(value: Any) -> list[str]:
    """The texts of a list, or the one text; what is none is left out."""
    if isinstance(value, str):
        return [value]
    return [str(item) for item in items(value) if isinstance(item, (str, int, float))]


def text_in(of: dict[str, Any], key: str) -> str:
    """The text under a key; "" where there is none."""
    value = of.get(key)
    return value if isinstance(value, str) else str(value) if isinstance(value, (int, float)) else ""


def number_in(of: dict[str, Any], key: str, default: float = 0) -> float:
    """The number under a key."""
    value = of.get(key)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else default


def record_in(of: dict[str, Any], key: str) -> dict[str, Any]:
    """The object under a key; an empty one where there is none."""
    value = of.get(key)
    given: Any = value
    return dict(given) if isinstance(value, dict) else {}


def fields(value: Any) -> list[tuple[str, Any]]:
    """The keys, as text, and values of an object; none where it is no object."""
    given: Any = value
    return [(str(key), item) for key, item in dict(given).items()] if isinstance(value, dict) else []


def whole_texts(value: Any, seen: list[int] | None = None) -> Any:
    """The value with each half of a surrogate pair replaced, which stands for no character, and with what JSON has no value for as a
    text, or as null. Raises ValueError for a document of too many values."""
    seen = [0] if seen is None else seen
    seen[0] += 1
    if seen[0] > MAX_VALUES:
        raise ValueError(f"it has more than {MAX_VALUES:,} values")
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value) if _HALF.search(value) else value
    if isinstance(value, list):
        return [whole_texts(item, seen) for item in items(value)]
    if isinstance(value, dict):
        pairs = cast("dict[object, Any]", value).items()
        return {whole_texts(key, seen): whole_texts(item, seen) for key, item in pairs}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, (set, frozenset)):
        return [whole_texts(item, seen) for item in sorted(map(str, cast("set[object]", value)))]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)
