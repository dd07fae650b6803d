"""clawc: one `.claw` file states a task, its workspace and its verifier; this package compiles and runs it."""

__version__ = "0.1.0"
