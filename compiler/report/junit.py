"""Findings as a JUnit report: each file is a test case, which fails by what lets the check fail."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from clawc.compiler.finding import Finding
from clawc.compiler.report.text import as_text


def as_junit(found: Sequence[Finding], paths: Sequence[str], *, deny_warnings: bool) -> str:
    """A suite with a case for each checked file, also for modules in which something was found."""
    by_path: dict[str, list[Finding]] = {path: [] for path in paths}
    for f in found:
        by_path.setdefault(f.path, []).append(f)
    cases = [_case(path, of, deny_warnings) for path, of in by_path.items()]
    failures = sum("<failure" in case for case in cases)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="clawc check" tests="{len(cases)}" failures="{failures}" errors="0">\n'
        f'<testsuite name="clawc check" tests="{len(cases)}" failures="{failures}" errors="0">\n'
        + "".join(cases)
        + "</testsuite>\n</testsuites>\n"
    )


def _case(path: str, found: list[Finding], deny_warnings: bool) -> str:
    failing = [f for f in found if f.severity == "error" or deny_warnings]
    rest = [f for f in found if f not in failing]
    head = f'<testcase classname="clawc.check" name={quoteattr(legal(path))} file={quoteattr(legal(path))}'
    if not found:
        return f"{head}/>\n"
    inside = ""
    if failing:
        first = failing[0]
        summary = f"{first.code}: {first.message}" + (f" (and {len(failing) - 1} more)" if len(failing) > 1 else "")
        inside += (
            f"<failure type={quoteattr(first.code)} message={quoteattr(legal(summary))}>{_body(failing)}</failure>\n"
        )
    if rest:
        inside += f"<system-out>{_body(rest)}</system-out>\n"
    return f"{head}>\n{inside}</testcase>\n"


def _body(found: list[Finding]) -> str:
    return escape(legal(as_text(found)))


def legal(text: str) -> str:
    """Text that XML 1.0 can hold: control characters, lone surrogates and non-characters are replaced."""
    return "".join(
        c if c in "\t\n" or (c >= "\x20" and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff" and c != "\x7f")
        else "\ufffd"
        for c in text
    )  # fmt: skip
