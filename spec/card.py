"""The verifier card (`card.json`): what was tried to break the checker of one bundle, and what came of it.

A card that comes with a bundle is a claim. It counts if this installation proved it or a trusted key signed it, and only for
exactly the bundle, compiler, library, operators and level that its key names.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from clawc.spec.bundle import Name, Sha256, Strict, TaskName

CARD_FORMAT_VERSION = 1

Share = Annotated[str, Field(pattern=r"^(0|1|[01]\.[0-9]{1,40})$")]
Count = Annotated[int, Field(ge=0)]
Text = Annotated[str, Field(max_length=4_000)]


class CardKey(Strict):
    """What a card is about. `bundle` is the id of the manifest, which covers the IR and the checker."""

    bundle: Sha256
    compiler: Annotated[str, Field(max_length=100)]
    library_sha256: Sha256
    operators_sha256: Sha256
    level: Literal["admit", "release"]


class ProbeLine(Strict):
    """An answer that earned nothing: what it was paid (C of spec/scoring.md), and the checks that it passed."""

    name: Text
    score: Share
    passed: tuple[Name, ...] = ()
    good: bool


class MatrixLine(Strict):
    """One check against one operator: how many wrong mutants it caught of those that it met."""

    check: Name
    operator: Name
    caught: Count
    met: Count


class EvidenceLine(Strict):
    """What the proof of one check rests on; `why` it is less than is asked for, or ""."""

    check: Name
    wrong: Count
    operators: Count
    equivalent: Count
    why: Text = ""


class MutantLine(Strict):
    """A mutant that came out otherwise than it should; `difference` is a unified diff against the oracle's files."""

    operator: Name
    kind: Literal["wrong", "equivalent"]
    deliverable: str = ""
    place: Text
    what: Text
    lost: tuple[Name, ...] = ()
    difference: Text = ""


class QueryLine(Strict):
    """A query that was changed. `same`: the inputs do not distinguish it from the original; `help`: the row that would."""

    operator: Name
    before: Text
    after: Text
    line: Count
    status: Literal["changed", "same", "fault", "not_applicable"]
    help: Text = ""


class FindingLine(Strict):
    """A finding as `clawc test` reports it. One that is `allowed` has a reason in the source."""

    code: Annotated[str, Field(pattern=r"^[EW][0-9]{4}$")]
    message: Text
    path: Text
    line: Count
    column: Count
    help: Text = ""
    allowed: Text = ""


class EnvironmentLine(Strict):
    """The emitted checker on the oracle's workspace, in one environment."""

    zone: str
    locale: str
    hash_seed: Count
    order: Count
    same: bool


class Counts(Strict):
    """Of mutants: `survived` are wrong ones that lost nothing, `rejected` equivalent ones that did, `open` those of which the
    checks do not say what they are, by reason."""

    wrong: Count
    killed: Count
    survived: Count
    equivalent: Count
    kept: Count
    rejected: Count
    open: Count


class Real(Strict):
    """Runs of the emitted checker in a sandbox; `disagreed`: verdicts that differ from those in the process of the compiler.

    Without runs, at level admit, a checker of the same `shape` was run before it: the same code on other values.
    """

    shape: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    runs: Count = 0
    disagreed: tuple[Text, ...] = ()
    tampered: Count = 0
    credited: tuple[Text, ...] = ()
    environments: tuple[EnvironmentLine, ...] = ()


class Instance(Strict):
    """Of a task with parameters: the seed, how many draws were needed, and how many other seeds were tried."""

    seed: Count = 0
    draws: Count = 1
    others: Count = 0
    accepted_foreign: Count = 0


class Signature(Strict):
    """Ed25519 over the canonical card without its signature; both in hexadecimal digits."""

    key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    value: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]


class VerifierCard(Strict):
    """`kind`: `opaque` is a card of a verifier that is kept as its authors wrote it, of which nothing can be proved; it is never clean.
    `clean`: nothing speaks against the checker; else `reasons` say what does. `bound`: with no survivor among n wrong
    mutants, at most this share of such mutants would be accepted (95 %: 3 / n)."""

    format_version: Literal[1] = 1
    task: TaskName
    title: Text = ""
    key: CardKey
    clean: bool
    reasons: tuple[Text, ...] = ()
    kind: Literal["proved", "opaque"] = "proved"
    oracle: Literal["derived", "authored", "mixed", "none"]
    oracle_score: Share
    independent: Count = 0
    counts: Counts
    bound: Share
    probes: tuple[ProbeLine, ...]
    matrix: tuple[MatrixLine, ...]
    evidence: tuple[EvidenceLine, ...]
    survivors: tuple[MutantLine, ...] = ()
    rejected: tuple[MutantLine, ...] = ()
    open: dict[str, Count] = {}  # noqa: RUF012
    queries: tuple[QueryLine, ...] = ()
    findings: tuple[FindingLine, ...] = ()
    real: Real = Real()
    instance: Instance | None = None
    cpu_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    signature: Signature | None = None
