"""What the checks pin of one file: which of its values are demanded, how exactly, and what else is free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from clawc.compiler.model import DeliverDecl, Task
from clawc.compiler.passes.trial import Trial
from clawc.compiler.witness.constraints import Demand
from clawc.spec import core
from clawc.stdlib.checks.compare import is_unordered, tolerance
from clawc.stdlib.checks.values import Table

Checks = frozenset[str]
NONE: Checks = frozenset()
_LIMITS = ("words", "sentences", "paragraphs", "bullets")


@dataclass(frozen=True, slots=True)
class Pins:
    """`demands` on one file; `within`: the tolerances of each check, numbers or percentages; `opaque`: checks that read the
    file in a way that was not understood."""

    deliver: DeliverDecl
    demands: tuple[Demand, ...]
    within: Mapping[str, tuple[Any, ...]]
    opaque: Checks

    def of(self, *kinds: str) -> list[Demand]:
        return [d for d in self.demands if d.kind in kinds]

    @property
    def rows(self) -> Checks:
        """Checks that demand all rows."""
        return frozenset(d.check for d in self.of("rows", "table", "database"))

    @property
    def order(self) -> Checks:
        """Checks that demand the order of the rows."""
        return (
            frozenset(d.check for d in self.of("rows", "table") if _ordered(d.value))
            | frozenset(d.check for d in self.of("lines"))
            | frozenset(d.check for d in self.of("column") if type(d.value[1]) is list)
        )

    @property
    def blocks(self) -> list[int] | None:
        """How far the order of the rows counts, as in Table; None: not at all, or nobody knows."""
        for demand in self.of("rows", "table"):
            if isinstance(demand.value, Table):
                return None if is_unordered(demand.value) else demand.value.blocks
            value: Any = demand.value
            if type(value) is list:
                return [1] * len(value)  # pyright: ignore[reportUnknownArgumentType]
        return None

    def column(self, name: str) -> Checks:
        """Checks that demand the values of a column."""
        found: set[str] = set()
        for demand in self.demands:
            if demand.kind in ("rows", "table"):
                columns = self.deliver.columns
                if columns is None and isinstance(demand.value, Table):
                    columns = tuple(demand.value.columns)
                if columns is None or name in columns:
                    found.add(demand.check)
            elif (demand.kind == "column" and demand.value[0] == name) or demand.kind == "database":
                found.add(demand.check)
        return frozenset(found)

    def value(self, path: tuple[str, ...]) -> Checks:
        """Checks that demand the value at a path of keys, or one that it is a part of."""
        return frozenset(
            d.check for d in self.of("value") if path[: len(d.value[0])] == tuple(map(str, d.value[0])) and not d.others
        ) | (frozenset(d.check for d in self.of("rows", "text")))

    @property
    def text(self) -> Checks:
        """Checks that demand the text, or its lines, as a whole."""
        return frozenset(d.check for d in self.of("text", "lines") if not d.place.section and not d.place.field)

    @property
    def limits(self) -> list[Demand]:
        return self.of(*_LIMITS)

    def reach(self, value: Any, checks: Iterable[str]) -> Decimal:
        """How far from a number an answer may be for all of these checks to accept it."""
        margins = [
            max((tolerance(value, w) for w in self.within.get(c, ()) if _of_numbers(w)), default=Decimal(0))
            for c in checks
        ]
        return min(margins, default=Decimal(0))

    def farthest(self, value: Any, checks: Iterable[str]) -> Decimal:
        """How far from a number an answer may be for one of these checks to accept it."""
        return max((self.reach(value, [c]) for c in checks), default=Decimal(0))


def pins_of(task: Task, deliver: DeliverDecl, path: str, demands: Iterable[Demand], within: Mapping[str, tuple[Any, ...]],
            opaque: Mapping[str, set[str]]) -> Pins:  # fmt: skip
    """The pins of one file of a deliverable."""
    own = [d for d in demands if d.place.deliverable == deliver.name and _is_about(deliver, path, d)]
    return Pins(deliver, tuple(own), within, frozenset(c for c, names in opaque.items() if deliver.name in names))


def tolerances(trial: Trial) -> dict[str, tuple[Any, ...]]:
    """The tolerances that each check names anywhere."""
    found: dict[str, tuple[Any, ...]] = {}
    for name, expects in trial.sealed.items():
        values: list[Any] = []
        for _, _, node in expects:
            for n in core.walk(node):
                if isinstance(n, core.Call):
                    values += [v.value for k, v in n.kwargs if k == "within" and isinstance(v, core.Const)]
        found[name] = tuple(values)
    return found


def _is_about(deliver: DeliverDecl, path: str, demand: Demand) -> bool:
    key = demand.place.key
    if key is None:
        return True
    if deliver.shape == "family":
        return any(p == path and key == (k[0] if len(k) == 1 else k) for k, p in deliver.members)
    return path == key or path.endswith(f"/{key}")


def _ordered(value: Any) -> bool:
    if isinstance(value, Table):
        return value.blocks is not None and not is_unordered(value) and len(value.rows) > 1
    return type(value) is list


def _of_numbers(within: Any) -> bool:
    return not hasattr(within, "total_seconds")
