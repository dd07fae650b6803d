"""Hostile CSV, JSON, JSON Lines, YAML, TOML, INI and diffs."""

from __future__ import annotations

from collections.abc import Callable

from tests.runtime.hostile_encodings import Make, encoded


def separated_files(sep: str) -> dict[str, Make]:
    """Tables of text with a separator."""
    rows = {
        "as many rows as can be": lambda: f"item{sep}n\n" + f"pen{sep}12\n" * 124_999,
        "as many rows as can be, none the same": lambda: (
            f"item{sep}n\n" + "".join(f"p{n}{sep}{n}\n" for n in range(124_999))
        ),
        "a column of as many rows as can be": lambda: "n\n" + "".join(f"{n}\n" for n in range(249_999)),
        "two million rows": lambda: f"item{sep}n\n" + f"pen{sep}12\n" * 2_000_000,
        "many columns": lambda: (
            f"item{sep}n{sep}" + sep.join(f"c{n}" for n in range(24_000)) + "\n" + (sep * 24_001 + "\n") * 9
        ),
        "as many columns as can be": lambda: f"item{sep}n{sep}" + sep.join(f"c{n}" for n in range(249_990)) + "\n",
        "one row of as many columns as can be": lambda: (
            f"item{sep}n{sep}" + sep.join(f"c{n}" for n in range(124_990)) + "\n" + sep * 124_991 + "\n"
        ),
        "ten million commas": lambda: sep * 10_000_000,
        "wide cells": lambda: f"item{sep}n\n" + f"{'p' * 16_000_000}{sep}\U0001f4cb\n",
        "open quote": lambda: f'item{sep}n\n"' + "pen\n" * 240_000,
        "quotes": lambda: f'item{sep}n\n"' + '""' * 240_000 + f'"{sep}1\n',
        "same name": lambda: f"item{sep}n{sep}item\npen{sep}12{sep}ink\n",
        "cells of numbers": lambda: f"item{sep}n\n" + f"pen{sep}{'1' * 60}\n" * 124_999,
    }
    return encoded(rows)


def json_files() -> dict[str, Make]:
    """JSON."""
    deep = 100_000
    texts: dict[str, Callable[[], str]] = {
        "deep lists": lambda: "[" * deep + "]" * deep,
        "deep objects": lambda: '{"a":' * deep + "1" + "}" * deep,
        "open lists": lambda: "[" * 30_000_000,
        "lists, wide": lambda: "[" + "[]," * 330_000 + "1]",
        "objects, wide": lambda: "[" + '{"item":"pen","n":12},' * 110_000 + "1]",
        "objects without end": lambda: "[" + '{"item":"pen","n":12},' * 2_900_000 + "1]",
        "rows": lambda: "[" + '{"item":"pen","n":12},' * 110_000 + '{"item":"pen","n":12}]',
        "rows, none the same": lambda: "[" + ",".join(f'{{"item":"p{n}","n":{n}.5}}' for n in range(110_000)) + "]",
        "a record of many keys": lambda: "[{" + ",".join(f'"k{n}":1' for n in range(240_000)) + "}]",
        "records of other keys": lambda: "[" + ",".join(f'{{"k{n}":1}}' for n in range(499)) + "]",
        "numbers": lambda: "[" + "1," * 990_000 + "1]",
        "decimals": lambda: "[" + "1.5," * 990_000 + "1]",
        "texts": lambda: "[" + '"pen",' * 330_000 + "1]",
        "one text": lambda: '["' + "a" * 16_000_000 + '"]',
        "one text of escapes": lambda: '["' + "\\u0041" * 2_700_000 + '"]',
        "same key": lambda: '[{"item": "pen", "n": 12, "n": 13}]',
        "a key a million times": lambda: "{" + '"a":1,' * 240_000 + '"a":1}',
        "lone surrogates": lambda: '[{"item": "\\ud800", "n": 12}]',
        "surrogates in a key": lambda: '[{"\\udfff": "pen", "n": 12}]',
        "long key": lambda: '{"' + "k" * 10_000_000 + '": 1}',
        "open text": lambda: '["' + '\\"' * 10_000_000,
        "spaces": lambda: "[" + " " * 16_000_000 + "]",
    }
    return encoded(texts)


def jsonl_files() -> dict[str, Make]:
    """JSON Lines."""
    texts: dict[str, Callable[[], str]] = {
        "rows": lambda: '{"item":"pen","n":12}\n' * 124_000,
        "rows of one key": lambda: '{"n":12}\n' * 249_000,
        "too many rows": lambda: '{"n":12}\n' * 5_000_000,
        "rows, none the same": lambda: "".join(f'{{"item":"p{n}","n":{n}.5}}\n' for n in range(124_000)),
        "rows of other keys": lambda: "".join(f'{{"k{n}":1}}\n' for n in range(249_000)),
        "wide row": lambda: "{" + ",".join(f'"k{n}":1' for n in range(240_000)) + "}\n",
        "wide rows": lambda: ("{" + ",".join(f'"k{n}":1' for n in range(900)) + "}\n") * 277,
        "deep row": lambda: '{"a":' * 100_000 + "1" + "}" * 100_000,
        "deep rows": lambda: ('{"a":' * 99 + "1" + "}" * 99 + "\n") * 20_000,
        "rows of lists": lambda: ('{"a":[' + "1," * 400_000 + "1]}\n") * 19,
        "no objects": lambda: "1\n" * 249_000,
    }
    return encoded(texts)


def yaml_files() -> dict[str, Make]:
    """YAML."""
    deep = 100_000
    laughs = "a: &a [l,l,l,l,l,l,l,l,l]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12)
    )
    texts: dict[str, Callable[[], str]] = {
        "deep flow lists": lambda: "[" * deep + "]" * deep,
        "deep flow maps": lambda: "{a: " * deep + "}" * deep,
        "deep dashes": lambda: "- " * deep + "a\n",
        "deep indents": lambda: "".join(" " * n + "a:\n" for n in range(1_400)),
        "deep questions": lambda: "? " * deep + "a\n",
        "alias bomb": lambda: laughs,
        "holds itself": lambda: "&a [*a]\n",
        "map that holds itself": lambda: "&a {b: *a}\n",
        "holds itself below": lambda: "- &a\n  - &b [*a, *b]\n",
        "key that is an alias": lambda: "a: &a b\n? *a\n: 1\n",
        "merge bomb": lambda: "a: &a {k: 1}\n" + "".join(f"b{n}: {{<<: *a}}\n" for n in range(20_000)),
        "aliases": lambda: "- &a [1, 2, 3]\n" + "- *a\n" * 24_000,
        "list": lambda: "- 1\n" * 49_000,
        "rows": lambda: "- item: pen\n  n: 12\n" * 9_900,
        "flow rows": lambda: "[" + "{item: pen, n: 12}," * 9_900 + "]",
        "too many rows": lambda: "- item: pen\n  n: 12\n" * 50_000,
        "keys": lambda: "".join(f"k{n}: 1\n" for n in range(24_000)),
        "documents": lambda: "--- 1\n" * 40_000,
        "anchors": lambda: "".join(f"- &a{n} 1\n" for n in range(40_000)),
        "long key": lambda: "k" * 1_000_000 + ": 1\n",
        "long keys": lambda: ("k" * 1_000 + ": 1\n") * 1_000,
        "long text": lambda: "- '" + "a " * 500_000 + "'\n",
        "long folded text": lambda: "- >\n" + "  a\n" * 250_000,
        "long plain text": lambda: "- a\n" + "  a\n" * 250_000,
        "long quoted text in lines": lambda: '- "' + "a\n  " * 250_000 + '"\n',
        "comments": lambda: "# a\n" * 250_000,
        "tag": lambda: "!!python/object/apply:os.system ['true']\n",
        "tags": lambda: "- !!str a\n" * 40_000,
        "tag directives": lambda: "".join(f"%TAG !e{n}! tag:a,2000:\n" for n in range(20_000)) + "--- a\n",
        "long tag": lambda: "!" + "a" * 1_000_000 + " b\n",
        "version": lambda: "%YAML 1." + "1" * 1_000_000 + "\n--- a\n",
        "sexagesimal": lambda: "- " + "1:" * 400_000 + "1\n",
        "octal": lambda: "- 0o" + "7" * 900_000 + "\n",
        "hex": lambda: "- 0x" + "f" * 900_000 + "\n",
        "same key": lambda: "- item: pen\n  n: 12\n  n: 13\n",
        "surrogate escape": lambda: '- "\\ud800"\n',
        "large escape": lambda: '- "\\Uffffffff"\n',
        "open quote": lambda: '- "' + "\\n" * 500_000,
        "unclosed flow in lines": lambda: "[\n" + "a,\n" * 300_000,
    }
    return encoded(texts)


def toml_files() -> dict[str, Make]:
    """TOML."""
    deep = 100_000
    texts: dict[str, Callable[[], str]] = {
        "deep lists": lambda: "a = " + "[" * deep + "]" * deep,
        "deep tables": lambda: "a = " + "{a=" * deep + "1" + "}" * deep,
        "long dotted key": lambda: ".".join(["a"] * deep) + " = 1\n",
        "long dotted section": lambda: "[" + ".".join(["a"] * deep) + "]\n",
        "dotted keys": lambda: "".join(f"{'a.' * 49}k{n} = 1\n" for n in range(4_900)),
        "dotted sections": lambda: "".join(f"[{'a.' * 49}k{n}]\n" for n in range(4_700)),
        "keys": lambda: "".join(f"k{n} = 1\n" for n in range(38_000)),
        "sections": lambda: "".join(f"[k{n}]\n" for n in range(50_000)),
        "tables in a list": lambda: "[[a]]\n" * 80_000,
        "tables in lists in lists": lambda: "[[a]]\n" + "[[a.b]]\n" * 60_000,
        "list": lambda: "a = [" + "1," * 99_000 + "]\n",
        "lists": lambda: "a = [" + "[]," * 99_000 + "]\n",
        "inline tables": lambda: "a = [" + "{a=1}," * 49_000 + "]\n",
        "text": lambda: 'a = "' + "x" * 500_000 + '"\n',
        "escapes": lambda: 'a = "' + "\\u0041" * 80_000 + '"\n',
        "long text": lambda: "a = '''\n" + "x\n" * 250_000 + "'''\n",
        "quotes in a long text": lambda: 'a = """' + '""x' * 160_000 + '"""\n',
        "backslashes at line ends": lambda: 'a = """' + "\\\n" * 240_000 + '"""\n',
        "spaces": lambda: "a = [" + " " * 500_000 + "]\n",
        "comments": lambda: "#\n" * 250_000 + "a = 1\n",
        "hex": lambda: "a = 0x" + "f" * 500_000 + "\n",
        "underscores": lambda: "a = 1" + "_1" * 250_000 + "\n",
        "many long numbers": lambda: "a = [" + ("1" * 3_999 + ",") * 120 + "]\n",
        "inf": lambda: "a = inf\n",
        "same key": lambda: "[pen]\nn = 12\nn = 12\n",
        "dates": lambda: "a = [" + "2026-03-17T09:30:00Z," * 24_000 + "]\n",
        "impossible date": lambda: "a = 2026-02-31\n",
        "large date": lambda: "a = 9999-12-31T23:59:59-23:59\n",
        "surrogate": lambda: 'a = "\\ud800"\n',
        "open quote": lambda: 'a = "' + '\\"' * 250_000,
    }
    return encoded(texts)


def ini_files() -> dict[str, Make]:
    """INI."""
    texts: dict[str, Callable[[], str]] = {
        "sections": lambda: "".join(f"[s{n}]\n" for n in range(98_000)),
        "keys": lambda: "[pen]\n" + "".join(f"k{n}=1\n" for n in range(98_000)),
        "long value": lambda: "[pen]\nn = 12\n" + " 1\n" * 98_000,
        "value of blanks": lambda: "[pen]\nn = 12\n" + " \n" * 98_000,
        "long section": lambda: "[" + "a" * 16_000_000 + "]\nn = 1\n",
        "interpolation": lambda: "[pen]\na = %(b)s\nb = %(a)s\n",
        "open section": lambda: "[" * 16_000_000,
        "same section": lambda: "[pen]\nn = 12\n[pen]\nn = 12\n",
        "same key": lambda: "[pen]\nn = 12\nn = 12\n",
        "comments": lambda: "[pen] " + ";" * 16_000_000,
    }
    return encoded(texts)


def diff_files() -> dict[str, Make]:
    """Unified diffs."""
    texts: dict[str, Callable[[], str]] = {
        "long hunk": lambda: "--- a/x\n+++ b/x\n@@ -0,0 +1,62000 @@\n" + "+pen\n" * 62_000,
        "longer hunk": lambda: "--- a/x\n+++ b/x\n@@ -0,0 +1,900000 @@\n" + "+pen\n" * 900_000,
        "hunks": lambda: "--- a/x\n+++ b/x\n" + "@@ -0,0 +1 @@\n+pen\n" * 62_000,
        "files": lambda: "--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+pen\n" * 62_000,
        "no rows": lambda: "--- a/x\n+++ b/x\n" + "@@ -0,0 +0,0 @@\n" * 490_000,
        "paths": lambda: "--- a/x\n+++ b/x\n" * 240_000,
        "long path": lambda: "--- a/" + "x/" * 8_000_000 + "\n+++ b/x\n@@ -0,0 +1 @@\n+pen\n",
        "endless hunk": lambda: "--- a/x\n+++ b/x\n@@ -0,0 +1,999999999 @@\n+pen\n",
        "large numbers": lambda: "--- a/x\n+++ b/x\n@@ -0,0 +" + "9" * 1_000_000 + " @@\n+pen\n",
        "no newline marks": lambda: "--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n" + "\\ No\n" * 490_000 + "+pen\n",
    }
    return encoded(texts)
