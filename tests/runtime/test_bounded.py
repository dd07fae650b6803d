"""Children that work within bounds: results in order, and nothing that an item does reaches another one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from clawc.runtime.bounded import Overrun, bounded
from clawc.runtime.sandbox.bounds import Bounds

SMALL = Bounds(cpu_s=0.3, memory_bytes=512 << 20)


def work(item: str) -> str | int:
    if item == "spin":
        while True:
            pass
    if item == "power":
        return len(str(9**99_999_999))  # one instruction that no handler of Python interrupts
    if item == "fill":
        return len([bytes(1 << 20) for _ in range(2000)])
    if item == "die":
        os.kill(os.getpid(), signal.SIGTERM)
    if item == "sleep":
        time.sleep(60)
    if item == "raise":
        raise LookupError("not foreseen")
    if item == "connect":
        socket.create_connection(("127.0.0.1", 9))
    if item == "start":
        subprocess.run(["true"], check=True)
    return item.upper()


def children() -> set[int]:
    """Of this process, with those that nobody has waited for: other tests may have left some that do not concern us."""
    lists = Path("/proc/self/task").glob("*/children")
    return {int(pid) for of_thread in lists for pid in of_thread.read_text(encoding="ascii").split()}


def test_results_come_in_order() -> None:
    items = [f"{n}" + "x" * (n * 1000) for n in range(60)]
    assert list(bounded(work, items, jobs=3)) == [i.upper() for i in items]


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("item", "why"),
    [("spin", "time"), ("power", "time"), ("sleep", "time"), ("fill", "memory"), ("die", "death")],
)
def test_one_lost_item_takes_no_other_with_it(item: str, why: str) -> None:
    found = list(bounded(work, ["a", item, "b", "c", item, "d"], jobs=2, bounds=SMALL))
    assert [f.why if isinstance(f, Overrun) else f for f in found] == ["A", why, "B", "C", why, "D"]


def test_an_exception_comes_with_its_traceback() -> None:
    with pytest.raises(RuntimeError, match="LookupError: not foreseen"):
        list(bounded(work, ["a", "raise"]))


@pytest.mark.parametrize("item", ["connect", "start"])
def test_neither_hosts_nor_programs(item: str) -> None:
    with pytest.raises(RuntimeError, match="is not allowed while a spec is evaluated"):
        list(bounded(work, [item]))


def test_nothing_to_do() -> None:
    assert list(bounded(work, [])) == []


def test_what_is_left_in_the_middle_leaves_no_children() -> None:
    before = children()
    going = bounded(work, ["a", "sleep", "sleep", "sleep"], jobs=3)
    assert next(going) == "A"
    assert len(children() - before) == 3
    going.close()
    assert children() == before


def test_children_are_replaced_after_so_many_items() -> None:
    """What a child has gathered goes with it; the results are the same, in the same order."""

    def who(_: int) -> int:
        return os.getpid()

    found = list(bounded(who, list(range(10)), jobs=1, renew=3))
    assert [found.count(pid) for pid in dict.fromkeys(found)] == [3, 3, 3, 1]
    assert list(bounded(lambda n: n * n, list(range(23)), jobs=2, renew=2)) == [n * n for n in range(23)]


def test_a_replaced_child_takes_no_item_with_it() -> None:
    """Also where children die between."""

    def dies(n: int) -> int:
        if n % 4 == 3:
            os._exit(7)
        return n

    found = list(bounded(dies, list(range(12)), jobs=2, renew=2))
    assert [n if isinstance(n, int) else n.why for n in found] == [n if n % 4 != 3 else "death" for n in range(12)]
