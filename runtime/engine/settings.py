"""Models as `claw.toml` describes them: `[engine.NAME]`. Keys never stand in a file, only the names of the variables that hold them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, cast
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator

from clawc.runtime.engine.http import Constrains, Server
from clawc.runtime.engine.interface import Sampling
from clawc.runtime.engine.pool import Patience, Price, Rate
from clawc.runtime.engine.untyped import listing, mapping, shown
from clawc.runtime.errors import RuntimeFault
from clawc.spec.bundle import Strict

_Seconds = Annotated[float, Field(gt=0, le=86_400)]
_Dollars = Annotated[Decimal, Field(ge=0, le=1_000_000, max_digits=20, decimal_places=12)]
_Count = Annotated[int, Field(ge=1, le=1 << 50)]
_Finite = Annotated[float, Field(allow_inf_nan=False)]
_Line = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
# What a call has from the gateway alone.
_OURS = {"model", "messages", "tools", "tool_choice", "stream", "stream_options", "n"}
_SECRET = ("key", "api_key", "apikey", "token", "secret", "authorization", "password")


class PriceSettings(Strict):
    """US dollars for a million tokens."""

    prompt: _Dollars
    completion: _Dollars
    cached: _Dollars | None = None


class RateSettings(Strict):
    """Calls and tokens a minute, and calls at once."""

    calls: _Count | None = None
    tokens: _Count | None = None
    at_once: _Count | None = None


class UpstreamSettings(Strict):
    """A server of a model."""

    url: Annotated[str, Field(pattern=r"^https?://[^/@\s\x00-\x1f\x7f]+(/[^\s\x00-\x1f\x7f]*)?$")]
    model: Annotated[_Line, Field(min_length=1)]
    key_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    exact: bool = False
    usage_in_stream: bool = True
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    connect_s: _Seconds = 10.0
    first_s: _Seconds = 300.0
    idle_s: _Seconds = 120.0
    price: PriceSettings | None = None
    rate: RateSettings = RateSettings()
    fields: dict[str, str | int | _Finite | bool] = Field(default_factory=dict)
    constrain: Constrains = "none"

    @field_validator("url")
    @classmethod
    def _address(cls, url: str) -> str:
        port = urlsplit(url).port  # raises ValueError for what is no address, or no port of one
        if port == 0:
            raise ValueError("no port has the number 0")
        return url

    @field_validator("fields")
    @classmethod
    def _free(cls, fields: dict[str, str | int | float | bool]) -> dict[str, str | int | float | bool]:
        taken = sorted(_OURS & fields.keys())
        if taken:
            raise ValueError(f"`{taken[0]}` is for the gateway to say")
        return fields

    def server(self) -> Server:
        return Server(
            self.url, self.model, self.key_env or "", self.connect_s, self.first_s, self.idle_s, self.exact, self.usage_in_stream,
            self.max_tokens_field, tuple(sorted(self.fields.items())), self.constrain,
        )  # fmt: skip

    def charged(self) -> Price | None:
        return None if self.price is None else Price(self.price.prompt, self.price.completion, self.price.cached)

    def bounds(self) -> Rate:
        return Rate(self.rate.calls, self.rate.tokens, self.rate.at_once)


class PatienceSettings(Strict):
    """How often a call is tried in all, and the waits between."""

    tries: Annotated[int, Field(ge=1, le=100)] = 5
    first_s: Annotated[float, Field(ge=0, le=86_400)] = 0.5
    most_s: _Seconds = 30.0

    def patience(self) -> Patience:
        return Patience(self.tries, self.first_s, self.most_s)


class SamplingSettings(Strict):
    """What holds whatever a harness asks for."""

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=0, lt=1 << 31)] | None = None
    seed: Annotated[int, Field(ge=0, lt=1 << 62)] | None = None
    max_tokens: _Count | None = None
    stop: tuple[str, ...] = ()

    def sampling(self) -> Sampling:
        return Sampling(self.max_tokens, self.temperature, self.top_p, self.top_k, self.seed, self.stop)


class CapSettings(Strict):
    """Bounds of one episode."""

    calls: _Count = 200
    tokens: _Count = 4_000_000
    seconds: _Seconds = 3_600.0
    repeats: Annotated[int, Field(ge=2)] = 12
    at_once: _Count = 8
    capture_bytes: _Count = 256 << 20


class EngineSettings(UpstreamSettings):
    """One `[engine.NAME]`: a server by itself, several `upstreams`, a local model (`folder`), or a file (`script`, `cassette`)."""

    kind: Literal["openai", "local", "scripted", "cassette"] = "openai"
    url: Annotated[str, Field(pattern=r"^(https?://[^/@\s\x00-\x1f\x7f]+(/[^\s\x00-\x1f\x7f]*)?)?$")] = ""
    model: _Line = ""
    upstreams: tuple[UpstreamSettings, ...] = ()
    folder: _Line = ""
    adapter: _Line = ""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    graphs: bool = False
    file: _Line = ""
    patience: PatienceSettings = PatienceSettings()
    sampling: SamplingSettings = SamplingSettings()
    limits: CapSettings = CapSettings()

    @model_validator(mode="after")
    def _whole(self) -> EngineSettings:
        if self.kind == "openai" and not self.upstreams and not (self.url and self.model):
            raise ValueError("an engine needs `url` and `model`, or `upstreams`")
        if self.kind == "openai" and self.upstreams and (self.url or self.model):
            raise ValueError("give `url` and `model`, or `upstreams`")
        if self.kind == "local" and not self.folder:
            raise ValueError("a local engine needs `folder`")
        if self.kind in ("scripted", "cassette") and not self.file:
            raise ValueError(f"a {self.kind} engine needs `file`")
        return self

    def all_upstreams(self) -> tuple[UpstreamSettings, ...]:
        return self.upstreams or (self,)


def engine_settings(path: Path, engines: object) -> dict[str, EngineSettings]:
    """What `[engine]` of the file says. Raises RuntimeFault R0968."""
    if not isinstance(engines, dict):
        raise RuntimeFault("R0968", f"`{path}`: `engine` is no table", "Write `[engine.NAME]`.")
    tables = mapping(cast(object, engines))
    found: dict[str, EngineSettings] = {}
    for name, given in tables.items():
        where = f"`{path}`: `engine.{shown(name)[:200]}`"
        _no_secret(where, given)
        try:
            found[name] = EngineSettings.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            at = shown("".join(f".{part}" for part in first["loc"]))[:200]
            message = first["msg"].removeprefix("Value error, ")
            raise RuntimeFault(
                "R0968", f"{where}{at}: {message[:1].lower()}{message[1:]}", "See docs/models.md."
            ) from error
    return found


def _no_secret(where: str, given: object) -> None:
    """A key in a file ends in a repository."""
    for name, value in mapping(given).items():
        if name.lower().replace("-", "_") in _SECRET:
            raise RuntimeFault(
                "R0969",
                f"{where}: `{shown(name)}` would hold a secret",
                'Put it into a variable, and name that: key_env = "…".',
            )
        _no_secret(where, value)
    for value in listing(given):
        _no_secret(where, value)
