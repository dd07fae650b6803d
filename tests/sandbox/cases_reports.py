"""What a sandbox says of its limits: each by name, what is allowed, the most that was used, what enforces it, and whether
it was hit."""

from __future__ import annotations

from contextlib import suppress

from clawc.runtime.records import LimitUse
from clawc.runtime.sandbox.interface import Sandbox, SandboxEnded
from tests.sandbox.bench import SMALL, Bench, ended, sh
from tests.sandbox.case import Table

REPORTS = Table(needs="limits")

_ENFORCERS = {"cgroup", "watchdog", "rlimit", "tmpfs", "runner", "collector"}


def _limit(sandbox: Sandbox, name: str) -> LimitUse:
    named = {limit.name: limit for limit in sandbox.limits()}
    assert name in named, sorted(named)
    return named[name]


@REPORTS.case("runs a little", "each limit of the task is there, as allowed, with a known enforcer; none is hit")
async def limits_are_reported(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        await sh(sandbox, "echo")
        for name, allowed, unit in (
            ("wall", SMALL.wall_s, "s"), ("memory", SMALL.memory_bytes, "bytes"), ("disk", SMALL.disk_bytes, "bytes"),
            ("processes", SMALL.processes, "count"),
        ):  # fmt: skip
            limit = _limit(sandbox, name)
            assert (limit.allowed, limit.unit, limit.hit) == (allowed, unit, False), limit
            assert set(limit.enforcer.split("+")) <= _ENFORCERS, limit
            assert limit.used is None or 0 <= limit.used <= limit.allowed, limit
        names = [limit.name for limit in sandbox.limits()]
        assert len(names) == len(set(names))


@REPORTS.case("uses 60 MB, writes 6 MB", "at least so much is said to have been used, where it is measured")
async def use_is_measured(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        await sh(
            sandbox,
            "head -c 6000000 /dev/zero > a; python3 -I -S -c 'x = b\"x\" * (60 << 20); import time; time.sleep(1.5)'",
        )
        memory, disk = _limit(sandbox, "memory"), _limit(sandbox, "disk")
        assert memory.used is None or memory.used >= 50 << 20, memory
        assert disk.used is None or disk.used >= 5_000_000, disk
        await sandbox.stop()
        assert _limit(sandbox, "memory") == memory or (_limit(sandbox, "memory").used or 0) >= (memory.used or 0)


@REPORTS.case("uses too much memory", "memory is hit, nothing else")
async def memory_is_hit(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        await ended(sandbox, "python3 -I -S -c 'x = b\"x\" * (300 << 20); import time; time.sleep(60)'")
        assert [limit.name for limit in sandbox.limits() if limit.hit] == ["memory"], sandbox.limits()


@REPORTS.case("writes too much", "disk is hit, nothing else")
async def disk_is_hit(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        await ended(sandbox, "for i in 1 2 3 4 5; do head -c 8000000 /dev/zero > f$i; done; sleep 60")
        assert [limit.name for limit in sandbox.limits() if limit.hit] == ["disk"], sandbox.limits()


@REPORTS.case("stays too long", "wall is hit, nothing else")
async def wall_is_hit(bench: Bench) -> None:
    async with bench.sandbox(SMALL.model_copy(update={"wall_s": 0.8})) as sandbox:
        await ended(sandbox, "sleep 60")
        assert [limit.name for limit in sandbox.limits() if limit.hit] == ["wall"], sandbox.limits()


@REPORTS.case("kills all that it sees", "no limit is hit")
async def no_limit_is_hit(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        with suppress(SandboxEnded):
            await sh(sandbox, "kill -9 -1; for p in /proc/[0-9]*; do kill -9 ${p#/proc/}; done; sleep 60")
        await sandbox.stop()
        assert not any(limit.hit for limit in sandbox.limits()), sandbox.limits()
