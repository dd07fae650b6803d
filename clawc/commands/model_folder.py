"""What `--model` of a training names: a folder, the model of another training, or `smollm2`."""

from __future__ import annotations

from pathlib import Path

from clawc.compiler.report import clean
from clawc.exits import UserError


def model_folder(given: Path) -> Path:
    """The folder with the weights. `smollm2` is fetched at its first use; a training gives what it has ended with. Raises UserError for a
    training that has not ended, or has given an adapter; RuntimeFault R0954 if SmolLM2 cannot be fetched."""
    from clawc.runtime.engine.choose import SMOLLM2
    from clawc.runtime.train.records import MODEL, TRAINING

    if str(given) == SMOLLM2 and not given.exists():
        from clawc.runtime.engine.local.smollm2 import smollm2

        return smollm2()
    if not (given / TRAINING).is_file() or (given / "config.json").is_file():
        return given
    name = clean(str(given))
    if not (given / MODEL).is_dir():
        raise UserError(f"the training in `{name}` has not ended", "go on with it by `--resume`, then give its folder")
    if not (given / MODEL / "config.json").is_file():
        raise UserError(
            f"the training in `{name}` has given an adapter",
            f"`clawc train export {name} --out models/merged`, then give models/merged",
        )
    return given / MODEL
