"""How long `clawc check` takes: one spec in a fresh process, and many, beside `python -c pass` and Lark's bare parse."""

from __future__ import annotations

import argparse
import compileall
import gc
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.check_ci import ci_table, measure
from bench.machine import ROOT, machine
from bench.specs import spec
from clawc.spec.grammar import grammar_text

HEAVY = ("lark", "pydantic", "jinja2", "rich")
AIM_COLD_MS, AIM_VERSION_MS, AIM_RATE, AIM_AGAIN = 200.0, 100.0, 300.0, 10.0
COMMAND = (sys.executable, "-m", "clawc")


def wall_ms(command: Sequence[str], times: int, env: dict[str, str]) -> float:
    """The median time on the wall of a fresh process. Raises SystemExit when it fails."""
    spent: list[float] = []
    for _ in range(times + 1):
        began = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=False)
        spent.append((time.perf_counter() - began) * 1000)
        if done.returncode:
            raise SystemExit(f"{command}: {done.stdout.decode()}{done.stderr.decode()}")
    return statistics.median(spent[1:])


def lark_ms(texts: Sequence[str]) -> float:
    """Milliseconds that Lark takes to parse one of the texts to a tree, the grammar being loaded."""
    from lark import Lark

    parser: Any = Lark(
        grammar_text(), parser="lalr", lexer="contextual", start=["start", "pipe"], maybe_placeholders=False
    )
    parser.parse(texts[0], start="start")
    gc.collect()
    began = time.perf_counter()
    for text in texts:
        parser.parse(text, start="start")
    return (time.perf_counter() - began) * 1000 / len(texts)


def loaded_by_version(env: dict[str, str]) -> list[str]:
    """Which heavy packages `--version` imports."""
    code = (
        f"import sys; from clawc.cli import run; run(['--version']); print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout.splitlines()[-1].replace("'", '"'))
    return found


def many(folder: Path, count: int, env: dict[str, str]) -> tuple[float, float]:
    """Seconds for a check of `count` specs in a fresh process, and for a second one of the same files."""
    here = folder / str(count)
    for number in range(count):
        path = here / f"{number // 500:03}" / f"t{number}.claw"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(spec(number), encoding="utf-8")
    cache = folder / f"cache-{count}"
    seconds: list[float] = []
    for _ in range(2):
        began = time.perf_counter()
        done = subprocess.run(
            [*COMMAND, "check", str(here)],
            cwd=ROOT, env={**env, "CLAWC_CACHE": str(cache)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        seconds.append(time.perf_counter() - began)
        if done.returncode or done.stdout != f"{count} files checked, nothing found\n":
            raise SystemExit(f"the check of {count} specs says: {done.stdout[:2000]}{done.stderr[-2000:]}")
    shutil.rmtree(here)
    return seconds[0], seconds[1]


def compile_all() -> None:
    """Bytecode, as an installation has it."""
    for part in ("clawc", "spec", "compiler", "runtime", "stdlib"):
        compileall.compile_dir(ROOT / part, quiet=2)


def benchmark(count: int, times: int) -> dict[str, Any]:
    """The whole document."""
    compile_all()
    one = spec(0)
    texts = [spec(number) for number in range(min(count, 1000))]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = {**os.environ, "CLAWC_CACHE": str(folder / "cache")}
        path = folder / "one.claw"
        path.write_text(one, encoding="utf-8")
        bare = wall_ms([sys.executable, "-c", "pass"], times, env)
        version = wall_ms([*COMMAND, "--version"], times, env)
        cold = wall_ms([*COMMAND, "check", "--no-cache", str(path)], times, env)
        kept = wall_ms([*COMMAND, "check", str(path)], times, env)
        lark = lark_ms(texts)
        sizes = sorted({max(1, count // 4), max(1, count // 2), count})
        runs = {size: many(folder, size, env) for size in sizes}
    first, second = runs[count]
    small, _ = runs[sizes[0]]
    rate = count / first
    return {
        "format_version": 1,
        "name": "check",
        "machine": machine(),
        "one": {
            "lines": one.count("\n"),
            "python_pass_ms": round(bare, 1),
            "version_ms": round(version, 1),
            "version_imports": loaded_by_version(dict(os.environ)),
            "cold_ms": round(cold, 1),
            "cold_over_pass": round(cold / bare, 2),
            "kept_ms": round(kept, 1),
        },
        "many": {
            "files": count,
            "lines": sum(t.count("\n") for t in texts) // len(texts) * count,
            "runs": [{"files": n, "seconds": round(a, 2), "again_seconds": round(b, 2)} for n, (a, b) in runs.items()],
            "files_a_second": round(rate, 1),
            "ms_a_file": round(first * 1000 / count, 3),
            "lark_parse_ms_a_file": round(lark, 3),
            "times_lark_parse": round(first * 1000 / count / lark, 2),
            "growth": round((first / count) / (small / sizes[0]), 3),
            "again_times_faster": round(first / second, 1),
        },
        "summary": {
            "cold_within_aim": cold <= AIM_COLD_MS,
            "version_within_aim": version <= AIM_VERSION_MS,
            "rate_within_aim": rate >= AIM_RATE,
            "again_within_aim": first / second >= AIM_AGAIN,
        },
    }


def table(document: dict[str, Any]) -> str:
    """The result for people."""
    one, several, summary = document["one"], document["many"], document["summary"]
    says = {True: "met", False: "missed"}
    runs = "".join(
        f"  {r['files']:>6} files  {r['seconds']:>7} s  again {r['again_seconds']:>6} s\n" for r in several["runs"]
    )
    return (
        f"one spec of {one['lines']} lines, a fresh process each time (median)\n"
        f"  python -c pass       {one['python_pass_ms']:>7} ms\n"
        f"  clawc --version      {one['version_ms']:>7} ms  aim {AIM_VERSION_MS:g}: {says[summary['version_within_aim']]};"
        f" imports of {', '.join(HEAVY)}: {', '.join(one['version_imports']) or 'none'}\n"
        f"  clawc check          {one['cold_ms']:>7} ms  aim {AIM_COLD_MS:g}: {says[summary['cold_within_aim']]};"
        f" {one['cold_over_pass']} times the bare start\n"
        f"  the same, kept       {one['kept_ms']:>7} ms\n"
        f"{several['files']} specs\n{runs}"
        f"  {several['files_a_second']} a second (aim {AIM_RATE:g}: {says[summary['rate_within_aim']]}),"
        f" {several['ms_a_file']} ms each; Lark's bare parse in one process {several['lark_parse_ms_a_file']} ms:"
        f" {several['times_lark_parse']} times\n"
        f"  a file of the largest run takes {several['growth']} times one of the smallest; unchanged, a second check is"
        f" {several['again_times_faster']} times faster (aim {AIM_AGAIN:g}: {says[summary['again_within_aim']]})\n"
    )


def main(arguments: Sequence[str]) -> int:
    """Prints a table; `--json` writes the document."""
    parser = argparse.ArgumentParser(prog="python -m bench check")
    parser.add_argument("--json", type=Path, help="where to write the result")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=11)
    parser.add_argument("--ci-files", type=int, default=13_500, help="specs of the project that CI sees")
    parser.add_argument("--only-ci", action="store_true", help="measure that alone, and keep the rest of FILE")
    options = parser.parse_args(arguments)
    if options.only_ci:
        compile_all()
        part = measure(options.ci_files, lark_ms)
        if options.json is not None:
            before: dict[str, Any] = {}
            if options.json.exists():
                before = json.loads(options.json.read_text(encoding="utf-8"))
            options.json.write_text(json.dumps({**before, "ci": part}, indent=2) + "\n", encoding="utf-8")
        sys.stdout.write(ci_table(part))
        return 0
    document = {**benchmark(options.files, options.times), "ci": measure(options.ci_files, lark_ms)}
    if options.json is not None:
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(table(document) + ci_table(document["ci"]))
    return 0
