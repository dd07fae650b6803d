"""The editable install, with the sources compiled to bytecode as pip does for an installed package.

Used by setuptools alone, while it builds; nothing else imports it.
"""

from __future__ import annotations

import compileall
from pathlib import Path

from setuptools.command.editable_wheel import editable_wheel

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("clawc", "spec", "compiler", "runtime", "stdlib")


class CompiledEditableWheel(editable_wheel):
    """Without bytecode each start of the program would compile a hundred modules where Python may not write any."""

    def run(self) -> None:
        super().run()
        for folder in FOLDERS:
            # A cache that cannot be written is none; the program works all the same.
            compileall.compile_dir(ROOT / folder, quiet=2)
