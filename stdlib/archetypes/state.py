"""What parts of a task hand to each other: rows with columns that have roles. A part says which state it needs and which it
gives, so chains of parts are sampled, not listed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Role = Literal[
    "id", "person", "group", "class", "status", "date", "due", "amount", "quantity", "note", "label", "rate", "target",
    "month", "band", "span", "worth", "count", "total", "measure", "rank", "flag", "text",
]  # fmt: skip
Kind = Literal["text", "number", "date"]
# `rows`: one for each thing that happened; `groups`: one for each value of a key; `series`: groups along time, oldest first.
Level = Literal["rows", "groups", "series"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its name in files, the role that parts look for, and how people call it."""

    name: str
    role: Role
    kind: Kind
    say: str
    many: str = ""
    values: tuple[str, ...] = ()
    low: int = 0
    high: int = 0
    decimals: int = 0
    unit: str = ""
    of: Role | None = None  # of the column that it was worked out from


@dataclass(frozen=True, slots=True)
class State:
    """Rows at one point of a chain.

    `start` is the expression that reads them and `stages` what was done since, both in the language. `key` are columns that
    no two rows share; `rows` is about how many there are; `ordered` says that the order of rows is fixed by what was asked for.
    """

    start: str
    one: str
    many: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    level: Level = "rows"
    stages: tuple[str, ...] = ()
    ordered: bool = False
    cut: bool = False
    rows: int = 40

    @property
    def expression(self) -> str:
        """The rows as an expression, a stage a line."""
        return "".join([self.start, *(f"\n    | {stage}" for stage in self.stages)])

    def has(self, *roles: Role) -> bool:
        """Is there a column of each role?"""
        held = {column.role for column in self.columns}
        return all(role in held for role in roles)

    def column(self, role: Role) -> Column:
        """The first column of a role. Raises LookupError: ask `has` first."""
        for column in self.columns:
            if column.role == role:
                return column
        raise LookupError(f"no column of role {role}")

    def those(self, *roles: Role) -> list[Column]:
        """The columns of these roles, in their order."""
        return [column for column in self.columns if column.role in roles]

    def then(self, stage: str, **changes: object) -> State:
        """After one more stage, with fields that it changes."""
        return replace(self, stages=(*self.stages, stage), **changes)  # type: ignore[arg-type]

    def narrowed(self, condition: str, percent: int, spent: Column | None = None) -> State:
        """After a condition that about so many percent of the rows meet; `spent` has one value afterwards and tells nothing."""
        columns = tuple(
            replace(c, role="text") if spent is not None and c.name == spent.name else c for c in self.columns
        )
        return self.then(condition, columns=columns, rows=self.rows * percent // 100)

    def with_columns(self, *more: Column) -> tuple[Column, ...]:
        """The columns and further ones behind them."""
        return (*self.columns, *more)
