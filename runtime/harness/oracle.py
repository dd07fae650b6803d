"""The agent that plays a bundle's own solution. The runner reads `private/`; the sandbox sees only what is
written."""

from __future__ import annotations

from pydantic import ValidationError

from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.harness.interface import Final, Task, Tools
from clawc.spec.bundle import SOLUTION_STEPS, Solution


class OracleAgent:
    def __init__(self, bundle: Bundle, solution: Solution) -> None:
        self._bundle = bundle
        self._solution = solution

    async def run(self, task: Task, tools: Tools) -> Final:
        for number, step in enumerate(self._solution.steps, 1):
            if step.op == "write" and step.path is not None and step.source is not None:
                result = await tools.write(step.path, self._bundle.read(step.source))
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


class Oracle:
    name = "oracle"

    def agent(self, bundle: Bundle) -> OracleAgent:
        """Raises RuntimeFault R0402 if the bundle has no solution that can be played."""
        if SOLUTION_STEPS not in bundle.files:
            raise RuntimeFault(
                "R0402",
                f"the task `{bundle.manifest.task}` has no solution to play",
                "Add a `solution` to the task.",
            )
        try:
            solution = Solution.model_validate_json(bundle.read(SOLUTION_STEPS))
        except ValidationError as error:
            raise RuntimeFault("R0402", f"`{SOLUTION_STEPS}` is not a solution: {error.errors()[0]['msg']}") from error
        for number, step in enumerate(solution.steps, 1):
            whole = {
                "run": bool(step.argv), "say": True, "write": bool(step.path) and step.source in bundle.files,
            }.get(step.op, bool(step.path))  # fmt: skip
            if not whole:
                raise RuntimeFault("R0402", f"`{SOLUTION_STEPS}`: step {number} is incomplete")
        return OracleAgent(bundle, solution)
