"""Settings of an agent in a TOML file."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from clawc.runtime.engine.untyped import shown
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.regular_file import read_regular

_BYTES = 1 << 20
_Model = TypeVar("_Model", bound=BaseModel)


def read_settings(path: Path, model: type[_Model]) -> _Model:
    """The settings in a file; raises RuntimeFault R0404, which says where they are wrong."""
    import tomllib

    try:
        data = read_regular(path, _BYTES).data
    except OSError as error:
        raise RuntimeFault("R0404", f"cannot read `{path}`: {error.strerror}") from error
    try:
        return model.model_validate(tomllib.loads(data.decode("utf-8")))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = shown(".".join(str(part) for part in first["loc"]))[:200] or "start"
        message = first["msg"][:1].lower() + first["msg"][1:]
        names = ", ".join(f"`{name}`" for name in model.model_fields)
        raise RuntimeFault("R0404", f"`{path}`: `{where}`: {message}", f"What can be set: {names}.") from error
    except (ValueError, RecursionError) as error:
        raise RuntimeFault("R0404", f"`{path}` is not TOML: {error}") from error
