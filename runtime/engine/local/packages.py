"""What models on this machine need beyond clawc's own dependencies; it is looked for, never imported, in clawc's process."""

from __future__ import annotations

from importlib.util import find_spec

from clawc.runtime.errors import RuntimeFault

TOKENS = ("tokenizers",)
WORKER = ("torch", "transformers", "safetensors")
ADAPTER = ("peft", "accelerate")
CONVERSION = ("gguf", "numpy", "tokenizers")
GRAMMAR = ("llguidance", "numpy")


def found(*names: str) -> bool:
    """Whether all of them are installed."""
    return not any(find_spec(name) is None for name in names)


def need(*names: str, extra: str = "local") -> None:
    """Raises RuntimeFault R0951 that names the packages which are not installed, and the extra that has them."""
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise RuntimeFault(
            "R0951",
            f"models on this machine need {_listed(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed",
            f"pip install 'clawc[{extra}]'",
        )


def _listed(names: list[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
