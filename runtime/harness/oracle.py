"""The agent that plays a bundle's own solution. The runner reads `private/`; the sandbox sees only what is
written."""

from __future__ import annotations

from typing import Literal

from pydantic import ValidationError

from clawc.runtime.bundle import Bundle
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.harness.replayed import ReplayedAgent
from clawc.spec.bundle import SOLUTION_STEPS, Solution


class Oracle:
    name = "oracle"
    endpoint: Literal["none"] = "none"

    def agent(self, bundle: Bundle) -> ReplayedAgent:
        """Raises RuntimeFault R0402 if the bundle has no solution that can be played."""
        return ReplayedAgent(solution_of(bundle), bundle.read)


def solution_of(bundle: Bundle) -> Solution:
    """The solution of a bundle. Raises RuntimeFault R0402 if it has none that can be played."""
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
    return solution
