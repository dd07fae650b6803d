"""Errors a person can act on. Codes: R01 bundle, R02 run folder, R03 sandbox, R04 harness, R05 workspace, R06 signature,
R07 cluster, R08 image, R09 trajectories, models and gateway, R10 sets of tasks, R11 suites, R12 reviews."""

from __future__ import annotations


class RuntimeFault(Exception):
    """A failure outside the agent's doing, with a stable code and one sentence of help."""

    def __init__(self, code: str, message: str, help: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f"\n  help: {self.help}" if self.help else "")


class SandboxUnavailable(RuntimeFault):
    """Nothing can be isolated on this machine, so nothing is run. The CLI ends with exit code 3."""

    def __init__(self, why: str, help: str = "") -> None:
        super().__init__("R0301", why, help)
