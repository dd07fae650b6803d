"""The emitted checker on the oracle's workspace in many environments, as a plain program in one sandbox: the verdict must not
hang on directory order, time zone, locale or hash seed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from clawc.runtime.bundle import Bundle
from clawc.runtime.sandbox.interface import Backend, Sandbox
from clawc.runtime.scoring.bytecode import TRAJECTORY
from clawc.runtime.scoring.jobs import environment, run_jobs
from clawc.runtime.selftest.real import Case, same_verdict, write_inside
from clawc.runtime.workspace import BundleTemplate
from clawc.spec.bundle import CHECKER, VENDOR
from clawc.spec.card import EnvironmentLine

COUNT = 20
ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "Europe/Berlin")
LOCALES = ("C.UTF-8", "C", "de_DE.UTF-8", "tr_TR.UTF-8", "ar_SA.UTF-8")
_TIMEOUT_S = 60.0
_CHECK, _JOBS = "/tmp/check", "/tmp/jobs"
# Lays the workspace out anew, its entries created in another order: that is the order in which many file systems list them.
_SHUFFLE = """
import os, random, shutil, sys
source, dest, seed = sys.argv[1:]
paths = sorted(os.path.join(folder, name) for folder, _, names in os.walk(source) for name in names)
random.Random(int(seed)).shuffle(paths)
for path in paths:
    target = os.path.join(dest, os.path.relpath(path, source))
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(path, target)
"""


# Which locales there are: a name without a locale would be tried as nothing.
_WORKING = """
import locale, sys
for name in sys.argv[1:]:
    try:
        locale.setlocale(locale.LC_ALL, name)
        print(name)
    except locale.Error:
        pass
"""


class Environment(NamedTuple):
    """What a checker is started with; `order` seeds the order in which the workspace was created."""

    zone: str
    locale: str
    hash_seed: int
    order: int


def environments(count: int = COUNT, locales: Sequence[str] = LOCALES) -> list[Environment]:
    """Environments that differ in everything."""
    return [
        Environment(ZONES[n % len(ZONES)], locales[(n // 2) % len(locales)], n * 7919 % 4294967295, n)
        for n in range(count)
    ]


async def repeated(bundle: Bundle, backend: Backend, oracle: Case, wanted: Mapping[str, Any]) -> list[EnvironmentLine]:
    """Judges the oracle's workspace in each environment; `same`: the verdict is `wanted`."""
    written, events = oracle.files, oracle.events
    limits = bundle.manifest.limits
    sandbox = await backend.create(BundleTemplate(bundle), limits, environment(bundle))
    try:
        for path, data in written.items():
            if data is None:
                await sandbox.exec(["rm", "-f", "--", f"/w/{path}"], timeout_s=_TIMEOUT_S)
            else:
                await sandbox.put(f"/w/{path}", data)
        for argv in oracle.programs:
            await sandbox.exec(argv, timeout_s=_TIMEOUT_S)
        await sandbox.put(f"{_CHECK}/check.py", bundle.read(CHECKER))
        for name in bundle.files:
            if name.startswith(f"{VENDOR}/"):
                await sandbox.put(f"{_CHECK}/vendor/{name.removeprefix(VENDOR + '/')}", bundle.read(name))
        await _put_jobs(bundle, backend, sandbox, written)
        await sandbox.put(f"{_JOBS}/{TRAJECTORY}", "".join(json.dumps(e) + "\n" for e in events).encode())
        await sandbox.put("/tmp/shuffle.py", _SHUFFLE.encode())
        asked = await sandbox.exec(["python3", "-I", "-c", _WORKING, *LOCALES], timeout_s=_TIMEOUT_S)
        working = [name for name in LOCALES if name in asked.stdout.decode("ascii", "replace").split()]
        return [await _one(sandbox, at, wanted) for at in environments(locales=working or ("C",))]
    finally:
        await sandbox.close()


async def _one(sandbox: Sandbox, at: Environment, wanted: Mapping[str, Any]) -> EnvironmentLine:
    root = f"/tmp/w{at.order}"
    await sandbox.exec(["python3", "-I", "/tmp/shuffle.py", "/w", root, str(at.order)], timeout_s=_TIMEOUT_S)
    env = {
        "TZ": at.zone,
        "LC_ALL": at.locale,
        "LANG": at.locale,
        "PYTHONHASHSEED": str(at.hash_seed),
        "PYTHONUTF8": "0",
    }
    # -I would ignore the hash seed.
    argv = ["python3", "-P", "-s", "-S", f"{_CHECK}/check.py", root, "--jobs", _JOBS, "--json"]
    done = await sandbox.exec(argv, env=env, timeout_s=_TIMEOUT_S)
    await sandbox.exec(["rm", "-rf", root], timeout_s=_TIMEOUT_S)
    try:
        verdict = json.loads(done.stdout)
        same = done.exit == 0 and not same_verdict(wanted, verdict)
    except (ValueError, KeyError, TypeError):
        same = False
    return EnvironmentLine(zone=at.zone, locale=at.locale, hash_seed=at.hash_seed, order=at.order, same=same)


async def _put_jobs(bundle: Bundle, backend: Backend, sandbox: Sandbox, written: Mapping[str, bytes | None]) -> None:
    """What the programs of the oracle leave, run once as for any workspace."""
    await sandbox.exec(["mkdir", "-p", _JOBS], timeout_s=_TIMEOUT_S)
    if not bundle.manifest.jobs:
        return
    scratch = backend.scratch()
    try:
        root = scratch / "w"
        root.mkdir()
        BundleTemplate(bundle).write(root)
        for path, data in written.items():
            if data is None:
                (root / path).unlink(missing_ok=True)
            else:
                write_inside(root, path, data)
        await run_jobs(bundle, root, backend, scratch / "jobs")
        for folder, _, names in os.walk(scratch / "jobs"):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.islink(path) or not os.path.isfile(path):
                    continue
                with open(path, "rb") as file:
                    await sandbox.put(f"{_JOBS}/{os.path.relpath(path, scratch / 'jobs')}", file.read())
    finally:
        await backend.discard(scratch)
