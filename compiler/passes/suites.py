"""Suites as a file declares them: which files, which instances, which parts. Nothing is looked up here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from clawc.compiler.elaborate.context import Context
from clawc.compiler.elaborate.literals import plain_text
from clawc.compiler.passes.attributes import attribute, dotted, number, text, texts
from clawc.compiler.passes.shape import known
from clawc.spec import ast, taxonomy

_VERSION = re.compile(r"[0-9]+(\.[0-9]+){0,3}([-+][0-9A-Za-z.-]{1,40})?")
_MOST = 10_000
_MOST_LINE = 500
_LEAST_CANARY, _MOST_CANARY = 8, 200


@dataclass(frozen=True, slots=True)
class SplitDeclaration:
    """`share` is over 0; `seeds` is the path of a file beside the suite, or empty."""

    name: str
    share: Decimal
    seeds: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseDeclaration:
    version: str
    text: str


@dataclass(frozen=True, slots=True)
class SuiteDeclaration:
    """`tasks` and `without` are patterns beside the file; `categories` empty: all. Releases stand as in the file, the newest first."""

    name: str
    title: str
    version: str
    tasks: tuple[str, ...]
    without: tuple[str, ...]
    categories: tuple[str, ...]
    repeats: int
    instances: int
    seed: int
    canary: str
    splits: tuple[SplitDeclaration, ...]
    releases: tuple[ReleaseDeclaration, ...]


def declare_suites(cx: Context, file: ast.File) -> list[SuiteDeclaration]:
    """The suites of a file in the order in which they stand there; what is wrong in them is said."""
    found: dict[str, SuiteDeclaration] = {}
    for block in file.items:
        if isinstance(block, ast.Block) and block.kind.text == "suite" and known(block, ""):
            suite = _suite(cx, block)
            if suite.name in found:
                cx.error("E0303", block.head, f"there is a suite `{suite.name}` already")
            found[suite.name] = suite
    return list(found.values())


def _suite(cx: Context, block: ast.Block) -> SuiteDeclaration:
    version = text(cx, block, "version", "0")
    splits, releases = _splits(cx, block), _releases(cx, block)
    given = attribute(block, "version")
    if given is not None and not _VERSION.fullmatch(version):
        cx.error("E0203", given.value.span, f"`{version}` is no version", 'as in `version = "1.2.0"`')
    elif given is not None and releases and version not in {release.version for release in releases}:
        cx.error("E0203", given.value.span, f"no `release` says what version {version} brought",
                 f'add `release "{version}" {{ text = "…" }}`')  # fmt: skip
    for key, least, most in (("title", 0, _MOST_LINE), ("canary", _LEAST_CANARY, _MOST_CANARY)):
        _line(cx, block, key, least, most)
    return SuiteDeclaration(
        name=_name(block), title=text(cx, block, "title"), version=version, tasks=texts(cx, block, "tasks") or (),
        without=texts(cx, block, "without") or (), categories=_categories(cx, block),
        repeats=int(number(cx, block, "repeats", Decimal(1), low=1, high=_MOST)),
        instances=int(number(cx, block, "instances", Decimal(1), low=1, high=_MOST)),
        seed=int(number(cx, block, "seed", Decimal(0), high=2**31)), canary=text(cx, block, "canary"), splits=splits, releases=releases,
    )  # fmt: skip


def _line(cx: Context, block: ast.Block, key: str, least: int, most: int) -> None:
    """A text that may stand in a line of any file."""
    given = attribute(block, key)
    value = text(cx, block, key) if given is not None else ""
    if given is not None and value and not (least <= len(value) <= most and value.isprintable()):
        cx.error("E0203", given.value.span, f"`{key}` is one line of {max(least, 1)} to {most} characters")


def _splits(cx: Context, suite: ast.Block) -> tuple[SplitDeclaration, ...]:
    found: dict[str, SplitDeclaration] = {}
    for block in _children(suite, "split"):
        share = number(cx, block, "share", Decimal(1), high=_MOST)
        if not share:
            cx.error("E0203", block.head, "a split without a share of the tasks is empty", "leave it out")
        if _name(block) in found:
            cx.error("E0303", block.head, f"there is a split `{_name(block)}` already")
        seeds = text(cx, block, "seeds")
        if seeds and (seeds.startswith(("/", "~")) or ".." in seeds.split("/")):
            cx.error("E0203", block.head, f"`{seeds}` does not stand beside this file", "give a path without `..`")
        found[_name(block)] = SplitDeclaration(_name(block), share, seeds)
    return tuple(found.values())


def _releases(cx: Context, suite: ast.Block) -> tuple[ReleaseDeclaration, ...]:
    found: dict[str, ReleaseDeclaration] = {}
    for block in _children(suite, "release"):
        label = block.labels[0] if block.labels else None
        version = (plain_text(cx, label, "a version") or "") if isinstance(label, ast.Text) else ""
        if not _VERSION.fullmatch(version):
            cx.error("E0203", block.head, f"`{version}` is no version", 'as in `release "1.2.0"`')
        if version in found:
            cx.error("E0303", block.head, f"there is a release `{version}` already")
        said = text(cx, block, "text")
        if len(said) > _MOST:
            cx.error("E0203", block.head, f"the text of a release has at most {_MOST} characters")
        found[version] = ReleaseDeclaration(version, said)
    return tuple(found.values())


def _categories(cx: Context, block: ast.Block) -> tuple[str, ...]:
    found = attribute(block, "categories")
    if found is None:
        return ()
    nodes = found.value.items if isinstance(found.value, ast.ListOf) else (found.value,)
    return tuple(
        dict.fromkeys(
            filter(None, (dotted(cx, node, taxonomy.dotted(taxonomy.CATEGORIES), "category") for node in nodes))
        )
    )


def _children(block: ast.Block, kind: str) -> list[ast.Block]:
    return [
        item for item in block.items if isinstance(item, ast.Block) and item.kind.text == kind and known(item, "suite")
    ]


def _name(block: ast.Block) -> str:
    label = block.labels[0] if block.labels else None
    return label.text if isinstance(label, ast.Ident) else ""
