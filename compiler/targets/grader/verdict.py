"""Runs a checker over a collected workspace and reads its verdict. One counts only if it is exactly one line on the channel
that the checker alone holds, carries the nonce that it was started with, and agrees with the manifest and itself."""

from __future__ import annotations

import decimal
import hmac
import json
import os
import re
import resource
import secrets
import subprocess
import sys
import threading
from decimal import Decimal
from typing import Any, NamedTuple, Optional

_LINE_LIMIT = 8 << 20
_PATIENCE_S = 5.0
_EXACT = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN)
_PLACES = Decimal("0.000001")
_SLACK = Decimal("0.000001")
_WEIGHT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,40})?")
_SHARE = re.compile(r"[01](\.[0-9]{1,60})?")


class NoVerdict(Exception):
    """The text says what the checker did instead of giving a verdict."""


class Judged(NamedTuple):
    """`score_checks` is C * V; `checks` are the verdict's own entries."""

    C: str
    V: str
    score_checks: str
    checks: list[dict[str, Any]]


def judge(checker: str, workspace: str, jobs: str, manifest: dict[str, Any]) -> Judged:
    """Judge the folder `workspace`, by the script `checker`, with what is left of programs in `jobs`. Raises NoVerdict."""
    nonce = secrets.token_hex(16)
    reading, writing = os.pipe()
    limits = manifest["limits"]
    heard: list[bytes] = []

    def begin() -> None:
        size = int(limits["memory_bytes"])
        for limit, value in (
            (resource.RLIMIT_AS, max(size, 256 << 20) + (256 << 20)),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_CORE, 0),
        ):
            _, hard = resource.getrlimit(limit)
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(limit, (value, value))

    argv = [sys.executable, "-I", "-S", checker, workspace, "--jobs", jobs, "--verdict-fd", str(writing)]
    try:
        process = subprocess.Popen(
            argv, env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}, cwd="/", pass_fds=(writing,),
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=begin,
        )  # fmt: skip
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    listener = threading.Thread(target=_listen, args=(reading, heard), daemon=True)
    listener.start()
    with process:
        try:
            _, said = process.communicate(nonce.encode("ascii") + b"\n", timeout=limits["check_s"])
        except subprocess.TimeoutExpired:
            raise NoVerdict("the checker exceeded its time limit") from None
        finally:
            if process.poll() is None:
                process.kill()
    listener.join(_PATIENCE_S)
    if not heard:
        raise NoVerdict("the checker left a process that holds its channel")
    line = heard[0]
    if process.returncode != 0:
        tail = said[-2000:].decode("utf-8", "replace").strip()
        raise NoVerdict("the checker ended with exit status %d: %s" % (process.returncode, tail))
    return read_verdict(line, nonce, manifest)


def _listen(channel: int, heard: list[bytes]) -> None:
    """Read a channel to its end, which a verdict that a pipe does not hold would wait for; more than a line may have is enough."""
    line = bytearray()
    try:
        while True:
            part = os.read(channel, 1 << 16)
            if not part:
                break
            line += part[: _LINE_LIMIT + 1 - len(line)]
    finally:
        os.close(channel)
    heard.append(bytes(line))


def read_verdict(line: bytes, nonce: str, manifest: dict[str, Any]) -> Judged:
    """The verdict that a checker wrote. Raises NoVerdict."""
    if len(line) > _LINE_LIMIT or line.count(b"\n") != 1 or not line.endswith(b"\n"):
        raise NoVerdict("the checker wrote %d bytes; one line is a verdict" % len(line))
    try:
        verdict: dict[str, Any] = json.loads(line)
        found = Judged(verdict["C"], verdict["V"], verdict["score_checks"], verdict["checks"])
        if not hmac.compare_digest(verdict["nonce"].encode("utf-8", "replace"), nonce.encode()):
            raise NoVerdict("the verdict carries a wrong nonce")
        problem = _contradiction(verdict, found, manifest)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, decimal.DecimalException) as error:
        raise NoVerdict("the verdict is malformed: %s" % error) from error
    if problem:
        raise NoVerdict("the verdict contradicts %s" % problem)
    return found


def _contradiction(verdict: dict[str, Any], found: Judged, manifest: dict[str, Any]) -> str:
    """What a verdict contradicts: the manifest or itself."""
    if verdict["task"] != manifest["task"]:
        return "the manifest: it is of another task"
    if not all(_WEIGHT.fullmatch(check["weight"]) for check in found.checks):
        return "itself: a weight is not a number"
    if sorted(map(_counted, found.checks)) != sorted(map(_counted, manifest["scoring"]["checks"])):
        return "the manifest: it judges other checks, or by other weights"
    texts = [found.C, found.score_checks, *(check["credit"] for check in found.checks)]
    if not all(_SHARE.fullmatch(text) and Decimal(text) <= 1 for text in texts) or found.V not in ("0", "1"):
        return "itself: a credit is not a share"
    credits = [(Decimal(c["weight"]), Decimal(c["credit"])) for c in found.checks if c["kind"] == "check"]
    if abs(weighted(credits) - Decimal(found.C)) > _SLACK:
        return "itself: C is not the weighted mean of the credits"
    vetoed = any(check["passed"] is not True for check in found.checks if check["kind"] != "check")
    if vetoed and found.V == "1" and Decimal(found.C) > 0:
        return "itself: a veto was not applied"
    if round_score(Decimal(found.C) * int(found.V)) != Decimal(found.score_checks):
        return "itself: score_checks is not C * V"
    return ""


def weighted(parts: list[tuple[Decimal, Decimal]]) -> Decimal:
    """The weighted mean of (weight, credit), 0 if the weights sum to 0."""
    total = credit = Decimal(0)
    for weight, share in parts:
        total = _EXACT.add(total, weight)
        credit = _EXACT.add(credit, _EXACT.multiply(weight, share))
    return _EXACT.divide(credit, total) if total else Decimal(0)


def round_score(value: Decimal) -> Decimal:
    """Six places, ties to even."""
    return value.quantize(_PLACES, rounding=decimal.ROUND_HALF_EVEN, context=_EXACT)


def final_score(C: Decimal, V: int, s: Decimal, R: Optional[Decimal] = None, G: int = 0) -> Optional[Decimal]:
    """`V * ((1 - s) * C + s * R * G)` rounded once; None if a rubric counts (s > 0) and was not judged."""
    if s > 0 and R is None:
        return None
    checks = _EXACT.multiply(_EXACT.subtract(Decimal(1), s), C)
    rubric = _EXACT.multiply(_EXACT.multiply(s, R or Decimal(0)), Decimal(G))
    return round_score(_EXACT.multiply(Decimal(V), _EXACT.add(checks, rubric)))


def _counted(check: dict[str, Any]) -> tuple[str, str, Decimal]:
    """How a check counts; a veto has no weight, whatever is written."""
    return check["name"], check["kind"], Decimal(check["weight"]) if check["kind"] == "check" else Decimal(0)
