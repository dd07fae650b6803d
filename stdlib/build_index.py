"""Rewrites `index.py`, the table of primitives: `python -m clawc.stdlib.build_index`. A test compares the two."""

from __future__ import annotations

from pathlib import Path


def index() -> str:
    """The text of index.py."""
    from clawc.stdlib.checks import primitives

    lines = [
        '"""Which module of `checks` holds which primitive, so that few have to be imported. Generated, see `build_index.py`."""',
        "",
        "from __future__ import annotations",
        "",
        "PRIMITIVES: dict[str, str] = {",
        *[f'    "{name}": "{found.__module__.rpartition(".")[2]}",' for name, found in sorted(primitives().items())],
        "}",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (Path(__file__).resolve().parent / "index.py").write_text(index(), encoding="utf-8")
