"""The agent that plays the steps of a stored answer."""

from __future__ import annotations

from collections.abc import Callable

from clawc.runtime.harness.interface import Final, Task, Tools
from clawc.spec.bundle import Solution


class ReplayedAgent:
    """`read` gives the bytes that a step writes, by its `source`."""

    def __init__(self, solution: Solution, read: Callable[[str], bytes]) -> None:
        self._solution = solution
        self._read = read

    async def run(self, task: Task, tools: Tools) -> Final:
        for number, step in enumerate(self._solution.steps, 1):
            if step.op == "write" and step.path is not None and step.source is not None:
                result = await tools.write(step.path, self._read(step.source))
            elif step.op == "read" and step.path is not None:
                result = await tools.read(step.path)
            elif step.op == "say":
                return Final(step.text)
            elif step.op == "delete" and step.path is not None:
                result = await tools.exec(("rm", "-f", "--", step.path), timeout_s=task.limits.wall_s)
            else:
                result = await tools.exec(step.argv, timeout_s=task.limits.wall_s)
            if not result.ok:
                return Final("", "error", f"step {number} of the solution failed: {result.text[-500:]}")
        return Final("")
