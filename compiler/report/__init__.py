"""Reports of findings: text, JSON, SARIF, GitHub workflow commands, JUnit."""

from clawc.compiler.report.json_report import REPORT_FORMAT_VERSION, as_json
from clawc.compiler.report.text import as_text, clean

__all__ = ["REPORT_FORMAT_VERSION", "as_json", "as_text", "clean"]
