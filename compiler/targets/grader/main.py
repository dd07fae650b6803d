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
import signal
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any, NamedTuple, Optional

from .bundle import CHECKER, MANIFEST, TRAJECTORY, VENDOR, Bundle, BundleError
from .collect import collect, remove
from .isolate import TOOLS, Isolation, OtherUser, choose, shut_off
from .programs import lay_inputs, lay_solution, run_jobs
from .verdict import Judged, NoVerdict, final_score, judge

FORMAT_VERSION = 1
# Folders in the scratch folder.
_SHUT, _OPEN = "shut", "open"
_USAGE = (
    "usage: grade.py BUNDLE WORKSPACE [--reward FOLDER] [--jobs FOLDER] [--bwrap PROGRAM] [--tools FOLDER]"
    " [--trajectory FILE] [--disposable]"
)
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
    signal.signal(signal.SIGTERM, _stop)
    shut_off()
    try:
        if options.reward:
            _clear(options.reward)
        document = grade(options)
        if options.reward:
            _clear(options.reward)  # where programs may have been at work meanwhile
            if document["reward"] is not None:
                _keep(options.reward, document)
    except Exception as error:  # noqa: BLE001 - the edge of the program: whatever is wrong, it is no verdict
        said = str(error) if isinstance(error, (BundleError, OSError)) else "%s: %s" % (type(error).__name__, error)
        document = {"format_version": FORMAT_VERSION, "reward": None, "fault": said}
        with suppress(OSError):
            if options.reward:
                _clear(options.reward)
    sys.stdout.write(json.dumps(document, sort_keys=True) + "\n")
    if document["reward"] is None:
        sys.stderr.write("grade.py: there is no reward: %s\n" % document["fault"])
        return 1
    return 0


def _stop(*_: object) -> None:
    """As an interrupt from the keyboard: programs are ended, folders removed."""
    sys.exit(128 + signal.SIGTERM)


def grade(options: Options) -> dict[str, Any]:
    """What is printed. Raises BundleError, and OSError where this machine is out of order."""
    bundle = Bundle(options.bundle)
    tools = options.tools or (TOOLS if os.path.isdir(TOOLS) else "")
    isolation = choose(options.jobs, options.bwrap, options.tools)
    # Where programs find lent tools: those in a sandbox of bubblewrap are mounted there.
    seen_tools = TOOLS if tools and isolation.name in ("bwrap", "sandbox") else tools
    if bundle.manifest["jobs"] and isolation.name in ("user", "none"):
        _hide(options, isolation)
    with _scratch() as scratch:
        collected = os.path.join(scratch, _SHUT, "collected")
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
    jobs, private = os.path.join(scratch, _SHUT, "jobs"), os.path.join(scratch, _SHUT, "private")
    try:
        run_jobs(
            bundle,
            collected,
            jobs,
            isolation,
            os.path.join(scratch, _OPEN),
            tools,
            trajectory if os.path.isfile(trajectory) else "",
        )
        if trajectory and os.path.isfile(trajectory):
            shutil.copyfile(trajectory, os.path.join(jobs, TRAJECTORY))
        checker = _lay_checker(bundle, private)  # now that no program of the agent runs any more
        return judge(checker, collected, jobs, bundle.manifest)
    finally:
        for folder in (jobs, private):
            remove(folder)


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
        laid, collected = (os.path.join(scratch, _SHUT, one) for one in (name, name + "-collected"))
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


@contextmanager
def _scratch() -> Generator[str, None, None]:
    """A folder for all that is written: one in it for programs of the agent, one that is shut to other users."""
    scratch = tempfile.mkdtemp(prefix="grade-")
    try:
        os.chmod(scratch, 0o711)
        for name, mode in ((_SHUT, 0o700), (_OPEN, 0o711)):
            os.mkdir(os.path.join(scratch, name), mode)
            os.chmod(os.path.join(scratch, name), mode)
        yield scratch
    finally:
        remove(scratch)


def _hide(options: Options, isolation: Isolation) -> None:
    """Keep the bundle out of reach of programs: all of it is in memory. Raises OSError where another user could read it."""
    if options.disposable:
        shutil.rmtree(options.bundle, ignore_errors=True)
    if isinstance(isolation, OtherUser):
        manifest = os.path.join(options.bundle, MANIFEST)
        if isolation.may_read(manifest):
            os.chmod(options.bundle, 0o700)
        if isolation.may_read(manifest):
            raise OSError("programs of the agent could read the bundle")


def _clear(folder: str) -> None:
    """Whatever stands where a reward will be, a folder or link too."""
    for name in _WRITTEN:
        path = os.path.join(folder, name)
        if os.path.lexists(path):
            remove(path)
        # A file that somebody writes again and again is replaced in the end.
        if os.path.isdir(path) and not os.path.islink(path):
            raise OSError("`%s` cannot be removed" % path)


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
        raise ValueError(_USAGE)
    return Options(places[0], places[1], **named)
