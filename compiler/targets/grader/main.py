"""Grades a workspace with a bundle, in a runner that knows nothing of either.

    python3 -I -S grade.py BUNDLE WORKSPACE [--reward FOLDER] [--jobs FOLDER] [--bwrap PROGRAM] [--tools FOLDER]
                           [--trajectory FILE] [--disposable]

WORKSPACE is a folder or a tar archive of one. Prints a JSON object: `reward` is a number in [0, 1], with 6 decimals at
most, or null where there is no verdict. Exit status 0 with a reward, 1 without, 2 for a wrong call. With `--reward`
`verdict.json`, `reward.txt` and `reward.json` in FOLDER are removed first, and written last if there is a reward.
`--disposable` says that BUNDLE is a copy that nobody needs afterwards: before programs of the agent run beside it, it is removed.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from decimal import Decimal
from typing import Any, NamedTuple, Optional

from .bundle import CHECKER, TRAJECTORY, VENDOR, Bundle, BundleError
from .collect import collect
from .isolate import TOOLS, Isolation, choose, shut_off
from .programs import lay_inputs, lay_solution, run_jobs
from .verdict import Judged, NoVerdict, final_score, judge

FORMAT_VERSION = 1
_WRITTEN = ("verdict.json", "reward.txt", "reward.json")


class Options(NamedTuple):
    """The command line."""

    bundle: str
    workspace: str
    reward: str = ""
    jobs: str = ""
    bwrap: str = ""
    tools: str = ""
    trajectory: str = ""
    disposable: bool = False


def main(arguments: list[str]) -> int:
    """The exit status."""
    try:
        options = _options(arguments)
    except ValueError as error:
        sys.stderr.write("grade.py: %s\n" % error)
        return 2
    if options.reward:
        _clear(options.reward)
    shut_off()
    try:
        document = grade(options)
    except (BundleError, OSError) as error:
        document = {"format_version": FORMAT_VERSION, "reward": None, "fault": str(error)}
    line = json.dumps(document, sort_keys=True)
    if document["reward"] is None:
        sys.stdout.write(line + "\n")
        sys.stderr.write("grade.py: there is no reward: %s\n" % document["fault"])
        return 1
    if options.reward:
        _keep(options.reward, document)
    sys.stdout.write(line + "\n")
    return 0


def grade(options: Options) -> dict[str, Any]:
    """What is printed. Raises BundleError, and OSError where this machine is out of order."""
    bundle = Bundle(options.bundle)
    tools = options.tools or (TOOLS if os.path.isdir(TOOLS) else "")
    isolation = choose(options.jobs, options.bwrap, options.tools)
    # Where programs find lent tools: those in a sandbox of bubblewrap are mounted there.
    seen_tools = TOOLS if tools and isolation.name in ("bwrap", "sandbox") else tools
    if bundle.manifest["jobs"] and isolation.name in ("user", "none"):
        _hide(options, isolation)
    with tempfile.TemporaryDirectory(prefix="grade-") as scratch:
        os.chmod(scratch, 0o711)
        collected = os.path.join(scratch, "collected")
        collect(options.workspace, collected)
        document: dict[str, Any] = {
            "format_version": FORMAT_VERSION, "task": bundle.manifest["task"], "bundle": bundle.manifest["id"],
            "isolation": isolation.name if bundle.manifest["jobs"] else "not needed",
        }  # fmt: skip
        try:
            judged = _judged(bundle, collected, scratch, isolation, seen_tools, options.trajectory)
        except NoVerdict as why:
            document["fault"] = str(why)
            if not _controls_hold(bundle, scratch, isolation, seen_tools):
                return {**document, "reward": None}
            # The same checker judges the untouched workspace and the solution: this workspace is to blame.
            return {**document, "reward": 0.0, "score_checks": "0", "score": "0", "C": "0", "V": "1", "checks": []}
    share = Decimal(bundle.manifest["scoring"]["rubric_share"])
    score = final_score(Decimal(judged.C), int(judged.V), share)
    return {
        **document, "reward": float(judged.score_checks), "score_checks": judged.score_checks,
        "score": None if score is None else _text(score), "C": judged.C, "V": judged.V, "checks": judged.checks,
    }  # fmt: skip


def _judged(bundle: Bundle, collected: str, scratch: str, isolation: Isolation, tools: str, trajectory: str) -> Judged:
    """The verdict on a collected workspace; what this writes to `scratch` is gone afterwards. Raises NoVerdict."""
    jobs, private = os.path.join(scratch, "jobs"), os.path.join(scratch, "private")
    try:
        run_jobs(bundle, collected, jobs, isolation, scratch, tools)
        if trajectory and os.path.isfile(trajectory):
            shutil.copyfile(trajectory, os.path.join(jobs, TRAJECTORY))
        checker = _lay_checker(bundle, private)  # now that no program of the agent runs any more
        return judge(checker, collected, jobs, bundle.manifest)
    finally:
        for folder in (jobs, private):
            shutil.rmtree(folder, ignore_errors=True)


def _lay_checker(bundle: Bundle, folder: str) -> str:
    os.mkdir(folder, 0o700)
    checker = os.path.join(folder, "check.py")
    with open(checker, "wb") as file:
        file.write(bundle.read(CHECKER))
    for path, data in bundle.below(VENDOR).items():
        target = os.path.join(folder, "vendor", *path.split("/"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(data)
    return checker


def _controls_hold(bundle: Bundle, scratch: str, isolation: Isolation, tools: str) -> bool:
    """Whether the checker judges the untouched workspace and the solution's, here and now."""
    for name in ("untouched", "solved"):
        laid, collected = os.path.join(scratch, name), os.path.join(scratch, name + "-collected")
        if name == "untouched":
            lay_inputs(bundle, laid, [])
        elif not lay_solution(bundle, laid):
            continue  # a solution that runs programs cannot be had without them
        collect(laid, collected)
        try:
            _judged(bundle, collected, scratch, isolation, tools, "")
        except NoVerdict:
            return False
    return True


def _hide(options: Options, isolation: Isolation) -> None:
    """Keep the bundle out of reach of programs: all of it is in memory."""
    if options.disposable:
        shutil.rmtree(options.bundle, ignore_errors=True)
    elif isolation.name == "user":
        os.chmod(options.bundle, 0o700)


def _clear(folder: str) -> None:
    """Whatever stands where a reward will be, a folder or link too."""
    for name in _WRITTEN:
        path = os.path.join(folder, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)


def _keep(folder: str, document: dict[str, Any]) -> None:
    """Each file appears whole or not at all; the reward last."""
    reward = json.dumps(document["reward"])
    texts = (json.dumps(document, indent=2, sort_keys=True) + "\n", reward + "\n", '{"reward": %s}\n' % reward)
    for name, text in zip(_WRITTEN, texts):
        path = os.path.join(folder, name)
        fd, new = tempfile.mkstemp(prefix=".new-", dir=folder)
        with open(fd, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(fd)
        os.chmod(new, 0o644)
        os.replace(new, path)


def _text(value: Decimal) -> str:
    """No exponent, no trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _options(arguments: list[str]) -> Options:
    """Raises ValueError with one line for the user."""
    named: dict[str, Any] = {}
    places: list[str] = []
    remaining = iter(arguments)
    for argument in remaining:
        if argument == "--disposable":
            named["disposable"] = True
        elif argument.startswith("--"):
            value: Optional[str] = next(remaining, None)
            if argument[2:] not in Options._fields[2:-1] or value is None:
                raise ValueError("unknown option or no value: `%s`" % argument)
            named[argument[2:]] = value
        else:
            places.append(argument)
    if len(places) != 2:
        raise ValueError("usage: grade.py BUNDLE WORKSPACE [--reward FOLDER] [--jobs FOLDER] [--bwrap PROGRAM]")
    return Options(places[0], places[1], **named)
