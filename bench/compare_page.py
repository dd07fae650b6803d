"""The tables of `docs/comparison.md` that hold measured figures, made from `bench/results/compare.json`.

`python -m bench.compare_page` writes them between the page's markers; a test says that they are current.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.machine import ROOT
from clawc.compiler.report import clean

PAGE = ROOT / "docs" / "comparison.md"
RESULT = ROOT / "bench" / "results" / "compare.json"
_PLACE = re.compile(r"<!-- measured: (\w+) -->\n.*?<!-- end -->", re.DOTALL)
_WHAT = {
    "empty": "the untouched workspace gets something",
    "placeholder": "files with a stub get something",
    "echo": "prompt and inputs pasted into the outputs get something",
    "wrong": "another wrong answer gets all",
    "equivalent": "a right answer in another form gets less than all",
    "fmt_bom": "a right answer with a byte order mark gets less than all",
    "solved": "the recorded solution gets less than all",
}
_REASON = 200


def tables(document: Mapping[str, Any]) -> dict[str, str]:
    """Markdown by the name of its place in the page."""
    return {
        "machine": _machine(document),
        "sizes": _sizes(document["sizes"]),
        "exports": _exports(document["sizes"]["exports"], document["round_trip"]),
        "answers": _answers(document["answers"]),
        "runners": _runners(document["runners"]),
        "imports": _imports(document["import"]),
    }


def page(text: str, made: Mapping[str, str]) -> str:
    """The page with these tables at its places. Raises ValueError unless there is one place for each table."""
    names = [str(name) for name in _PLACE.findall(text)]
    if sorted(names) != sorted(made):
        raise ValueError(f"the page has places for {sorted(names)}, and there are tables for {sorted(made)}")
    return _PLACE.sub(lambda place: f"<!-- measured: {place[1]} -->\n{made[place[1]]}\n<!-- end -->", text)


def _machine(document: Mapping[str, Any]) -> str:
    where = document["machine"]
    return (
        f"{where['processors']} processors ({where['processor']}), Python {where['python']}, commit `{where['commit']}`,"
        f" load {where['load_before']} at the start."
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _sizes(sizes: Mapping[str, Any]) -> str:
    sums, hand = sizes["sums"], sizes["by_hand"]
    rows = [
        (row["task"], row["published_checker"], row["verifier"], row["source"], row["generated_checker"])
        for row in sizes["tasks"]
    ]
    total = ("all", sums["published_checker"], sums["verifier"], sums["source"], sums["generated_checker"])
    heads = ("task", "published `check.py`", "our verifier", "our whole source", "`check.py` generated from it")
    return (
        _table(heads, [*rows, total])
        + f"\n\nFor `{hand['task']}`, a checker written by hand in Python takes {hand['checker']} lines, the verifier in its source {hand['verifier']}."
    )


def _exports(exports: Mapping[str, Any], back: Sequence[Mapping[str, Any]]) -> str:
    came = {one["target"]: one for one in back}
    rows = [
        (
            row["target"],
            row["files_a_task"],
            row["kib_a_task"],
            f"{came[row['target']]['same']} of {came[row['target']]['n']} ({_percent(came[row['target']]['interval'])})",
        )
        for row in exports["targets"]
    ]
    return _table(("target", "files a task", "KiB a task", "sources that come back, byte for byte"), rows)


def _answers(rows: Sequence[Mapping[str, Any]]) -> str:
    heads = ("mistake", "n", "published", "ours", "mean reward published", "ours")
    return _table(heads, (
        (
            _WHAT[row["kind"]], f"{row['n']}, {row['tasks']} tasks", _side(row["published"]), _side(row["ours"]),
            f"{row['published']['mean']:.3f}", f"{row['ours']['mean']:.3f}",
        )
        for row in rows
    ))  # fmt: skip


def _side(side: Mapping[str, Any]) -> str:
    return f"{side['mistakes']} ({_percent(side['interval'])})"


def _percent(interval: Sequence[float]) -> str:
    return f"{100 * interval[0]:.0f}–{100 * interval[1]:.0f} %"


def _runners(runners: Mapping[str, Any]) -> str:
    said = f"{len(runners['tasks'])} tasks, {runners['jobs']} at once. "
    rows: list[Sequence[object]] = []
    for name, one in runners["players"].items():
        if "why" in one:
            rows.append((name, f"not measured: {_cell(one['why'])}", *["–"] * 5))
            continue
        whole = statistics.median(one["seconds"])
        single = statistics.median(one["one_episode_seconds"])
        net = "–" if one["net_s_each"] is None else f"{one['net_s_each']:.3f}"
        rows.append((f"{name} {one['version']}", f"{whole:.1f}", f"{single:.1f}", net, f"{one['cpu_s_each']:.2f}",
                     f"{one['rss_mb']:.0f}", one["isolation"]))  # fmt: skip
    heads = ("runner", "all tasks, s", "one task, s", "each further task, s", "processor s a task", "MB", "in")
    return said + "\n\n" + _table(heads, rows)


def _cell(said: str) -> str:
    """What a framework said, as text within one cell."""
    return clean(" ".join(said.split())).replace("|", "/")[:_REASON]


def _imports(found: Mapping[str, Any]) -> str:
    carried, kept = found["formats"]["clawgym"], found["fidelity"]
    return (
        f"Of {found['tasks']} made-up tasks of ClawGym's shape, {carried['opaque']} of {carried['parts']} parts of verifiers are kept as programs and"
        f" {carried['declarative']} become checks; in {kept['workspaces']} workspaces the largest difference between the"
        f" original's reward and that of the imported task is {kept['largest_difference']:.0e}."
    )


def main() -> int:
    """Writes the page."""
    document = json.loads(RESULT.read_text(encoding="utf-8"))
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), tables(document)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
