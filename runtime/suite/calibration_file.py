"""A calibration on the disk, and its counts. What reads one needs no numpy."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from clawc.runtime.calibrate.responses import Responses
from clawc.runtime.errors import RuntimeFault
from clawc.spec.calibration import CALIBRATION, MAX_CALIBRATION, Calibration


def read_calibration(path: Path) -> Calibration:
    """The record of a folder, or of the file itself. Raises RuntimeFault R1013 for what is none."""
    file = path / CALIBRATION if path.is_dir() else path
    try:
        if file.stat().st_size > MAX_CALIBRATION:
            raise RuntimeFault("R1013", f"`{file}` is too large for a calibration")
        record = Calibration.model_validate_json(file.read_bytes())
    except OSError as error:
        raise RuntimeFault(
            "R1013",
            f"there is no calibration in `{path}`: {error.strerror or error}",
            "`clawc bench calibrate` makes one.",
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise RuntimeFault("R1013", f"`{file}` is no calibration: `{where}`: {first['msg']}") from error
    _require_whole(record, file)
    return record


def _require_whole(record: Calibration, file: Path) -> None:
    tasks, rungs = [item.task for item in record.items], [rung.name for rung in record.ladder]
    if len(set(tasks)) != len(tasks) or len(set(rungs)) != len(rungs):
        raise RuntimeFault("R1013", f"`{file}` names a task or a rung twice")
    for item in record.items:
        names = [rate.rung for rate in item.rates]
        if len(set(names)) != len(names) or not set(names) <= set(rungs):
            raise RuntimeFault("R1013", f"`{file}`: `{item.task}` has pass rates of rungs that are not in the ladder")
        if any(rate.successes > rate.trials for rate in item.rates):
            raise RuntimeFault("R1013", f"`{file}`: `{item.task}` has more successes than trials")


def responses_of(record: Calibration) -> Responses:
    """The counts of the rungs again, without the references."""
    names = [rung.name for rung in record.rungs]
    by_item = [{rate.rung: rate for rate in item.rates} for item in record.items]

    def table(part: str) -> tuple[tuple[int, ...], ...]:
        return tuple(
            tuple(int(getattr(rates[name], part)) if name in rates else 0 for name in names) for rates in by_item
        )

    return Responses(
        tuple(item.task for item in record.items), tuple(names), table("successes"), table("trials"), table("excluded"),
        tuple(item.verifier for item in record.items),
    )  # fmt: skip
