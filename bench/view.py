"""How long `clawc view` takes over runs of many episodes, and in how much memory: opened for the first time, again, and page by page.

The baselines are of the same run of the benchmark: what `json.loads` takes for the lines of the journal, a style sheet of the same server,
and all records in memory, as reports read them.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.machine import machine

AIM_MS, AIM_MB = 300, 500
SEED = 1
EPISODES, SEEDS = 100_000, 50
_CHECKS = ("rows_right", "totals", "order", "dates", "names", "columns", "inputs_kept")
_WORDS = [
    "the",
    "report",
    "holds",
    "every",
    "order",
    "of",
    "may",
    "sorted",
    "by",
    "amount",
    "and",
    "day",
    "with",
    "a",
    "total",
    "for",
    "each",
    "customer",
    "in",
    "output",
    "summary",
    "csv",
]


def write_run(folder: Path, episodes: int, shift: float) -> None:
    """A run of so many episodes, fifty of each task, with all outcomes, further attempts, failed checks, tokens and costs."""
    rng = random.Random(f"{SEED} {shift}")
    tasks = [f"order_totals_{number:05}" for number in range(-(-episodes // SEEDS))]
    ids = {task: hashlib.sha256(task.encode()).hexdigest() for task in tasks}
    folder.mkdir(parents=True)
    info = {
        "format_version": 1, "run_id": f"{int(shift * 100):016x}", "created": "2026-01-05T08:00:00+00:00", "clawc": "0.1.0",
        "agent": f"loop@model-{shift}", "episodes": SEEDS, "seed": 0,
        "tasks": [{"task": task, "bundle_id": ids[task], "path": f"bundles/{task}"} for task in tasks],
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(info), encoding="utf-8")
    with open(folder / "episodes.jsonl", "w", encoding="utf-8") as file:
        for number in range(episodes):
            task = tasks[number // SEEDS]
            for line in _attempts(rng, task, ids[task], number, shift):
                file.write(json.dumps(line, separators=(",", ":")) + "\n")


def _attempts(rng: random.Random, task: str, bundle: str, number: int, shift: float) -> Iterator[dict[str, Any]]:
    hard = random.Random(task).random()
    episode = f"{task}-{bundle[:12]}-00000000-{number % SEEDS:012x}"
    tries = 2 if rng.random() < 0.02 else 1
    for attempt in range(1, tries + 1):
        broken = attempt < tries
        passed = [name for name in _CHECKS if rng.random() < 1.1 - 0.7 * hard + shift]
        score = "0" if "inputs_kept" not in passed else f"{len(passed) / len(_CHECKS):.6f}".rstrip("0").rstrip(".")
        outcome = "infra_error" if broken else rng.choice(("ok", "ok", "ok", "ok", "ok", "truncated", "agent_error"))
        scores = {"score": score, "score_checks": score, "C": score, "V": "1"} if not broken else {}
        yield {
            "format_version": 2, "run_id": f"{int(shift * 100):016x}", "key": f"{episode}-a{attempt}", "episode": episode, "attempt": attempt,
            "task": task, "template": "order_totals", "category": "office.records", "operations": ["files.extract", "data.aggregate"],
            "bundle_id": bundle, "agent": f"loop@model-{shift}", "index": number % SEEDS, "seed": number % SEEDS, "outcome": outcome, **scores,
            "checks": [] if broken else [
                {"name": name, "kind": "require" if name == "inputs_kept" else "check", "weight": "0" if name == "inputs_kept" else "1",
                 "passed": name in passed, "credit": "1" if name in passed else "0",
                 "message": "" if name in passed else "3 rows, expected 5",
                 "expects": [{"line": 30, "source": f"rows({name}) == wanted", "passed": name in passed,
                              "share": 1.0 if name in passed else 0.6, "message": "" if name in passed else "3 rows, expected 5"}]}
                for name in _CHECKS],
            "final": " ".join(rng.choices(_WORDS, k=40)), "started": "2026-01-05T08:00:00.000+00:00",
            "ended": "2026-01-05T08:01:00.000+00:00",
            "seconds": {"create": 0.02, "agent": round(rng.lognormvariate(2, 0.8), 4), "collect": 0.003, "score": 0.05},
            "usage": {"tool_calls": rng.randrange(40), "model_calls": rng.randrange(1, 40), "prompt_tokens": rng.randrange(1_000, 90_000),
                      "completion_tokens": rng.randrange(100, 9_000), "cost": f"{rng.uniform(0.001, 0.2):.4f}"},
            "evidence": "the sandbox did not start" if broken else "",
        }  # fmt: skip


class Viewer:
    """`clawc view` in a process of its own, asked over HTTP."""

    def __init__(self, runs: Path, cache: Path) -> None:
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "clawc", "view", str(runs)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"CLAWC_CACHE": str(cache)},
        )
        assert self._process.stdout is not None
        match = re.match(r"http://127\.0\.0\.1:(\d+)/(\?token=\S+)", self._process.stdout.readline())
        if match is None:
            raise RuntimeError("clawc view has said no address")
        self._port = int(match[1])
        self._cookie = ""
        self._cookie = self._ask(f"/{match[2]}").getheader("Set-Cookie", "").partition(";")[0]
        self.get("/")
        self.opened_s = time.perf_counter() - began

    def get(self, path: str) -> float:
        """Milliseconds until the whole answer is there."""
        began = time.perf_counter()
        answer = self._ask(path)
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        return 1_000 * (time.perf_counter() - began)

    def links(self, path: str, pattern: str) -> list[str]:
        return [
            each.replace("&amp;", "&") for each in re.findall(f'href="({pattern})"', self._ask(path).read().decode())
        ]

    def peak_mb(self) -> float:
        """The most memory that the process has held so far."""
        status = Path(f"/proc/{self._process.pid}/status").read_text("ascii")
        return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def _ask(self, path: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        connection.request("GET", path, headers={"Cookie": self._cookie} if self._cookie else {})
        return connection.getresponse()


def asked(viewer: Viewer, episodes: int, each: int) -> dict[str, list[str]]:
    """Addresses of every kind of page, `each` of a kind, drawn from a seed."""
    rng = random.Random(SEED)
    tasks, last = -(-episodes // SEEDS), max(1, episodes // 100)
    some = [f"order_totals_{rng.randrange(tasks):05}" for _ in range(each)]
    pairs = [link for task in some[:3] for link in viewer.links(f"/compare/task?a=0&b=1&task={task}", '/pair[^"]*')[:2]]
    keys = [
        link
        for _ in range(3)
        for link in viewer.links(f"/run/0/episodes?page={rng.randint(1, last)}", '/run/0/episode/[^"]*')
    ]
    sorts = ("score", "seconds", "tokens", "cost", "task")
    return {
        "runs": ["/"] * each,
        "run": [f"/run/{n % 2}?page={rng.randint(1, 20)}&by={('name', 'worst', 'dear')[n % 3]}" for n in range(each)],
        "episodes, in order": [f"/run/0/episodes?page={rng.randint(1, last)}" for _ in range(each)],
        "episodes, sorted": [f"/run/0/episodes?sort={sorts[n % 5]}&down={n % 2}&page={rng.randint(1, last)}" for n in range(each)],
        "episodes, filtered": [f"/run/1/episodes?outcome=ok&score=part&check={rng.choice(_CHECKS[:6])}&sort={sorts[n % 5]}" for n in range(each)],
        "episodes, searched": [f"/run/0/episodes?q={rng.choice(_WORDS)}+{task[-5:]}&sort={sorts[n % 5]}" for n, task in enumerate(some)],
        "episodes, of a task": [f"/run/0/episodes?task={task}" for task in some],
        "episode": rng.choices(keys, k=each),
        "episode, among filtered": [f"{key}?check=totals&score=part" for key in rng.choices(keys, k=each)],
        "compare": [f"/compare?a=0&b=1&page={rng.randint(1, 20)}" for _ in range(each)],
        "compare a task": [f"/compare/task?a=0&b=1&task={task}" for task in some],
        "pair": rng.choices(pairs, k=each),
    }  # fmt: skip


def benchmark(episodes: int, each: int) -> dict[str, Any]:
    """The whole document; sizes in MB (2^20 bytes), times in milliseconds unless they say seconds."""
    with tempfile.TemporaryDirectory() as place:
        runs, cache = Path(place) / "runs", Path(place) / "cache"
        for name, shift in (("one", 0.0), ("two", 0.1)):
            write_run(runs / name, episodes, shift)
        journals = [runs / name / "episodes.jsonl" for name in ("one", "two")]
        began = time.perf_counter()
        for journal in journals:
            with open(journal, "rb") as file:
                for line in file:
                    json.loads(line)
        bare_s = time.perf_counter() - began
        first = Viewer(runs, cache)
        opening = {"first_s": first.opened_s, "first_peak_mb": first.peak_mb()}
        first.close()
        viewer = Viewer(runs, cache)
        try:
            style = viewer.links("/", '/static/[^"]*base.css')[0]
            plain = [viewer.get(style) for _ in range(each)]
            pages: dict[str, dict[str, float]] = {}
            for kind, paths in asked(viewer, episodes, each).items():
                times = sorted(viewer.get(path) for path in paths)
                pages[kind] = {"median_ms": statistics.median(times), "most_ms": times[-1], "n": len(times)}
            with open(journals[0], "ab") as more:
                more.writelines(_more(1_000))
            time.sleep(1.1)
            grown = viewer.get("/run/0")
            peak = viewer.peak_mb()
        finally:
            viewer.close()
        size = sum(journal.stat().st_size for journal in journals)
        worst = max(page["most_ms"] for page in pages.values())
        return {
            "benchmark": "view", "machine": machine(), "runs": 2, "episodes_each": episodes, "journals_mb": size / 2**20,
            "index_mb": sum(path.stat().st_size for path in cache.rglob("*") if path.is_file()) / 2**20,
            "opening": opening | {"again_s": viewer.opened_s, "json_loads_s": bare_s, "first_over_json_loads": opening["first_s"] / bare_s},
            "pages": pages, "style_sheet_median_ms": statistics.median(plain), "after_1000_more_ms": grown,
            "all_records_in_memory_mb": _in_memory(runs / "one"),
            "peak_mb": peak, "most_ms": worst, "aims": {"most_ms": AIM_MS, "peak_mb": AIM_MB},
            "met": worst < AIM_MS and peak < AIM_MB and opening["first_peak_mb"] < AIM_MB,
        }  # fmt: skip


def _more(count: int) -> Iterator[bytes]:
    """Lines of further episodes."""
    rng = random.Random(2)
    for number in range(count):
        for line in _attempts(rng, f"order_totals_{number % 7:05}", "f" * 64, SEEDS + number, 0.0):
            line |= {"key": f"more-{number}-a{line['attempt']}", "episode": f"more-{number}"}
            yield json.dumps(line).encode() + b"\n"


def _in_memory(folder: Path) -> float:
    """What a process holds that reads all records of one of the runs."""
    code = (
        "import re, sys; from pathlib import Path; from clawc.runtime.store.run_folder import read_run; read_run(Path(sys.argv[1]));"
        " print(re.findall(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[0])"
    )
    return (
        int(
            subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True).stdout
        )
        / 1024
    )


def main(arguments: list[str]) -> int:
    """Prints the figures; with `--json` the document."""
    parser = argparse.ArgumentParser(prog="python -m bench view", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--episodes", type=int, default=EPISODES, help="of each of the two runs")
    parser.add_argument("--each", type=int, default=20, help="requests of each kind of page")
    options = parser.parse_args(arguments)
    found = benchmark(options.episodes, options.each)
    opening = found["opening"]
    print(
        f"2 runs of {found['episodes_each']:,} episodes, {found['journals_mb']:.0f} MB of journals, index {found['index_mb']:.0f} MB"
    )
    print(f"opened first in {opening['first_s']:.1f} s, {opening['first_over_json_loads']:.1f} times json.loads ({opening['json_loads_s']:.1f} s);"
          f" again in {opening['again_s']:.1f} s")  # fmt: skip
    for kind, page in found["pages"].items():
        print(f"{kind:25} {page['median_ms']:7.1f} ms, most {page['most_ms']:7.1f}")
    print(
        f"style sheet {found['style_sheet_median_ms']:.1f} ms; a page after 1,000 more attempts {found['after_1000_more_ms']:.0f} ms"
    )
    print(f"peak {found['peak_mb']:.0f} MB, while opening {opening['first_peak_mb']:.0f} MB; records of one run in memory"
          f" {found['all_records_in_memory_mb']:.0f} MB")  # fmt: skip
    print("met" if found["met"] else "missed", found["aims"])
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0
