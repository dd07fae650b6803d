"""How fast `clawc fmt` formats many files, beside lark's bare parse of the same texts by the same grammar."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.check import lark_ms
from bench.machine import machine
from clawc.commands.fmt import fmt_command

AIM_S, AIM_FILES = 20, 10_000
SEED = 1
SAMPLE = 200

_AREAS = ("orders", "tickets", "visits", "parcels", "meters", "loans", "rooms", "shifts")
_COLUMNS = ("customer", "amount", "day", "region", "weight", "state", "owner", "note", "kind", "level")
_VERBS = ("where {a} >= {n}", "group {a}, total = sum({b}), rows = count()", "sort -{b}, {a}", "derive {c} = round({b} * 1.{n}, 2)",
          "take {n}", "distinct {a}", "select {a}, {b}, share = {b} / {n}, label = \"{a}: {{{{ {b} }}}}\"",
          "derive {c} = if {b} > {n} then \"high\" else if {b} > 2 then \"middle\" else \"low\"")  # fmt: skip
_COMMENTS = ("# Rows of other months do not count.", "## What the report is made of.", "# 10.05 / 2 is 5.025.")


def spec(rng: random.Random, number: int) -> str:
    """A spec of about 40 lines, laid out as hurried people do it."""
    area = rng.choice(_AREAS)
    columns = rng.sample(_COLUMNS, 4)
    words = {"a": columns[0], "b": columns[1], "c": columns[2], "n": rng.randrange(2, 90)}
    pad = rng.choice(("  ", "  ", "    ", "\t"))

    def stages(count: int) -> str:
        between = f"\n{pad * 2}| " if rng.random() < 0.5 else " | "
        return between.join(rng.choice(_VERBS).format(**words) for _ in range(count))

    rows = [",".join(str(rng.randrange(1000)) for _ in columns) for _ in range(rng.randrange(3, 9))]
    data = f"\n{pad * 4}".join([",".join(columns), *rows])
    lines = [
        "claw 1", "", rng.choice(_COMMENTS), f"task {area}_{number} {{",
        f'{pad}title = "Report on {area}, number {number}"', f"{pad}category= office.records",
        f"{pad}operations   = [files.extract,data.aggregate, files.write]",
        f"{pad}workspace {{", f'{pad * 2}file {area} "input/{area}.csv" {{', f'{pad * 3}content = """',
        f"{pad * 4}{data}", f'{pad * 4}"""', f"{pad * 2}}}",
        *([f'{pad * 2}file notes "input/notes_{number}.txt"'] if rng.random() < 0.5 else []), f"{pad}}}",
        "" if rng.random() < 0.5 else f"{pad}{rng.choice(_COMMENTS)}",
        f"{pad}let wanted = csv({area}) | {stages(rng.randrange(1, 4))}",
        f"{pad}let limits = {{ low:{rng.randrange(9)}, high : {number},names: [{', '.join(repr(c).replace(chr(39), chr(34)) for c in columns)}] }}",
        f'{pad}deliver report "output/{area}.csv" {{columns = columns(wanted)}}',
        f'{pad}deliver summary "output/summary_{number}.json"',
        f'{pad}instruction = """', f"{pad * 2}Read {{{{ path.{area} }}}} and write {{{{ path.report }}}}.",
        f"{pad * 2}Then write {{{{ path.summary }}}} with the figures of number {number}.", f'{pad * 2}"""',
        f"{pad}verify {{",
        f"{pad * 2}check rows_right {{ weight = {rng.randrange(1, 5)}; expect rows(report)==wanted within 0.005 }}",
        f"{pad * 2}check figures {{", f"{pad * 3}weight=2", f'{pad * 3}because = "with the figures of number {number}"  # quoted',
        f"{pad * 3}expect json(summary).{columns[0]} == count(wanted) and json(summary).high == limits.high or json(summary).low == limits.low",
        f'{pad * 3}expect mentions_all(text(summary), ["{columns[0]}", "{columns[1]}", "{area} of the year", "number {number}"], near = "total")',
        f"{pad * 2}}}", f"{pad * 2}require inputs_kept {{ expect unchanged(workspace) }}", f"{pad}}}", "}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def benchmark(files: int) -> dict[str, Any]:
    """The whole document."""
    rng = random.Random(SEED)
    texts = [spec(rng, number) for number in range(files)]
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(texts):
            (Path(folder) / f"{number:06}.claw").write_text(text, encoding="utf-8")
        first, cpu, status = _formatted(Path(folder))
        if status:
            raise SystemExit("the generated specs do not format")
        again, cpu_again, changes = _formatted(Path(folder), check=True)
    lark = lark_ms(texts[:SAMPLE])
    each = cpu / files
    return {
        "format_version": 1,
        "name": "fmt",
        "machine": machine(),
        "rows": [
            {
                "run": "first",
                "seconds": round(first, 3),
                "cpu_seconds": round(cpu, 3),
                "files_a_second": round(files / first, 1),
            },
            {
                "run": "again",
                "seconds": round(again, 3),
                "cpu_seconds": round(cpu_again, 3),
                "files_a_second": round(files / again, 1),
            },
        ],
        "summary": {
            "files": files,
            "lines_a_file": round(statistics.mean(text.count("\n") for text in texts), 1),
            "seconds": round(first, 3),
            "aim_s": AIM_S * files / AIM_FILES,
            "within_aim": first <= AIM_S * files / AIM_FILES,
            "lark_parse_ms": round(lark, 3),
            "format_cpu_ms": round(each * 1000, 3),
            "times_lark_parse": round(each * 1000 / lark, 2),
            "second_run_changes_nothing": changes == 0,
        },
    }


def _formatted(folder: Path, check: bool = False) -> tuple[float, float, int]:
    """Seconds of the command's own code over a folder, those of all processors, and its exit status."""
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
        start, before = time.perf_counter(), _cpu()
        status = fmt_command([folder], check, False)
        return time.perf_counter() - start, _cpu() - before, status


def _cpu() -> float:
    """Seconds of processor time of this process and of those that it has waited for."""
    return sum(os.times()[:4])


def table(document: dict[str, Any]) -> str:
    """The result for people."""
    summary = document["summary"]
    lines = [
        f"{row['run']:<6} {row['seconds']:>8} s, {row['cpu_seconds']:>8} s on all cores, {row['files_a_second']:>8} files a second"
        for row in document["rows"]
    ]
    lines += [
        f"{summary['files']} files of {summary['lines_a_file']} lines on {document['machine']['processors']} cores;"
        f" aim {summary['aim_s']} s: {'met' if summary['within_aim'] else 'missed'}",
        f"{summary['format_cpu_ms']} ms of processor time a file, {summary['times_lark_parse']} times"
        f" lark's bare parse of {summary['lark_parse_ms']} ms",
        "a second run changes nothing" if summary["second_run_changes_nothing"] else "a second run changes something",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Prints a table; `--json` writes the document."""
    parser = argparse.ArgumentParser(prog="python -m bench fmt")
    parser.add_argument("--json", type=Path, help="where to write the result")
    parser.add_argument("--files", type=int, default=AIM_FILES)
    options = parser.parse_args(arguments)
    document = benchmark(options.files)
    if options.json is not None:
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(table(document))
    return 0
