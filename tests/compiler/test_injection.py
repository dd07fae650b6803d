"""Texts of a spec stay texts in everything that is emitted: the same structure, whatever they say."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest

from clawc.compiler.pipeline import build, check
from clawc.spec import bundle as spec
from clawc.stdlib.checks.values import File
from clawc.stdlib.checks.yaml_reader import yaml_value

SPEC = """claw 1

## DOC
task t {
  title   = "TEXT"
  persona = "TEXT"
  workspace {
    file a "in/aPATH.txt" { content = "TEXT\\n" }
    skill tidy { description = "TEXT"; content = "TEXT" }
    repo code "code" {
      commit "TEXT" {
        at = @2026-01-05T09:00
        change "a.txt" { content = "TEXT" }
      }
    }
  }
  environment { env = {A: "TEXT"}; tools = ["TEXT"] }
  deliver d "out/dPATH.json" { keys = ["KEY"] }
  deliver r "out/rPATH.md"
  let wanted = {`KEY`: "TEXT!"}
  instruction = "Write {{ path.d }} with `KEY` and {{ path.r }} from {{ path.a }} and {{ path.code }}. TEXT"
  turn { text = "And TEXT" }
  verify {
    ## DOC
    check c {
      expect json(d) == wanted
    }
    check m { expect mentions(r, "wordTEXT") or text(r) == "TEXT" or contains(r, "about") }
    check p { expect run(["cat", "TEXT"], stdin = "TEXT", env = {B: "TEXT"}, files = {"x/aPATH": "TEXT"}).stdout == text(d) }
    check f { expect fits(text(r), "TEXT…") or contains(r, "TEXT") or matches(text(r), re"about") }
    rubric u {
      reads = [r]
      criterion one { text = "Is it TEXT" }
    }
  }
  solution {
    write d = json(wanted)
    write r = "about"
    say = "TEXT"
  }
  mutant m { replace d = "TEXT" }
}
"""
TEXTS = {
    "quotes": "\"'`\"'`",
    "triple quotes": '"""',
    "apostrophes": "'''",
    "backslashes": "\\",
    "a backslash at the end": "x\\",
    "escapes": "\\n\\x41\\u0041\\N{DASH}",
    "line ends": "a\n\nb\n# c\n",
    "returns": "a\rb\r\nc",
    "NUL": "a\x00b",
    "separators": "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg",
    "direction": "\u202eabc\u2066def\u2069",
    "an escape sequence": "\x1b]0;x\x07\x1b[31m",
    "holes of templates": "}}{{ 7 * 7 }}{% raw %}{# c #}",
    "code": '"""\nimport os\nos.system(\'x\')\n"""',
    "code of a shell": "$(id);`id`&&id|id>x",
    "formats": "%s%n{0}{x!r}%(a)s",
    "the end of a script": "</script><script>alert(1)</script>",
    "a command of a workflow": "::error file=x::y\n::set-output name=a::b",
    "a formula": "=cmd|' /C calc'!A0",
    "keys of YAML": "a: b\n- c\n---\n...\n!tag &x *x",
    "a fence": "```\n## Reply\n> x\n1. y\n",
    "JSON": '"},{"x":[',
    "TOML": '"\n[x]\ny = """',
    "a comment": "# x\n// y\n/* z */ <!-- w -->",
    "half a pair": "\udc80",
}
# Paths and keys hold no control characters; what is refused there is no matter of emitting.
PATHS = {"quotes": "'`", "holes of templates": "{% raw %}{# c #}", "code of a shell": "$(id);&", "formats": "%s%n"}


def literal(text: str) -> str:
    """As it is written between double quotes."""
    escaped = json.dumps(text)[1:-1].replace("\\b", "\\u0008").replace("\\f", "\\u000c").replace("\\/", "/")
    return escaped.replace("{{", "{{{{")


def emitted(text: str, path: str = "", key: str = "k") -> dict[str, bytes]:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    source = SPEC.replace("TEXT", literal(text)).replace("DOC", line).replace("PATH", literal(path)).replace("KEY", key)
    result = check("t.claw", source)
    assert result.ok, [(d.code, d.message, source[d.span.start : d.span.end][:80]) for d in result.diagnostics]
    return build(result.tasks[0]).files


def skeleton(program: bytes) -> str:
    tree = ast.parse(program)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
            node.value = ""
    return ast.dump(tree)


def shape(value: Any) -> Any:
    """Keys and kinds of JSON data; of records by path, only how many there are."""
    if isinstance(value, dict):
        if any("/" in key for key in value):  # pyright: ignore[reportUnknownVariableType]
            return len(value)  # pyright: ignore[reportUnknownArgumentType]
        return {k: shape(v) for k, v in value.items() if not k.endswith("sha256")}  # pyright: ignore
    if isinstance(value, list):
        return [shape(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
    return type(value).__name__


def headings(markdown: bytes) -> list[str]:
    """Where blocks of the prompt begin, as any reader of Markdown sees lines."""
    return [line for line in markdown.decode().splitlines() if line.startswith(("#", "-", "1.", "`", "::", "<"))]


def same(plain: dict[str, bytes], hostile: dict[str, bytes]) -> None:
    for name in (spec.CHECKER, spec.BUILDER):
        assert skeleton(plain[name]) == skeleton(hostile[name]), name
    assert len(headings(plain[rubric_of(plain)])) == len(headings(hostile[rubric_of(hostile)]))
    for name in plain:
        if name.endswith(".json") and name in hostile and not name.endswith((spec.IR, "d.json")):
            assert shape(json.loads(plain[name])) == shape(json.loads(hostile[name])), name


def rubric_of(files: dict[str, bytes]) -> str:
    return next(name for name in files if name.endswith("/u.md"))


@pytest.mark.parametrize("name", [n for n in TEXTS if n not in ("half a pair", "NUL")])
def test_texts(name: str) -> None:
    hostile = emitted(TEXTS[name])
    same(emitted("harmless"), hostile)
    skill = next(data for path, data in hostile.items() if path.endswith("SKILL.md"))
    head = skill.decode("utf-8", "surrogatepass").split("---\n")[1]
    fields = yaml_value(File("h", "h.yaml", "yaml", head.encode("utf-8", "surrogatepass")))
    assert set(fields) == {"name", "description"}
    # Holes belong to instructions; a description says `{{` as it is.
    assert fields["description"] == " ".join(TEXTS[name].replace("{{", "{{{{").split())


@pytest.mark.parametrize("name", PATHS)
def test_paths_and_keys(name: str) -> None:
    hostile = emitted("harmless", PATHS[name])
    same(emitted("harmless", "harmless"), hostile)


@pytest.mark.parametrize("text", ["\\udc80", "\\u0000"])
def test_what_no_program_can_be_given_is_refused(text: str) -> None:
    source = SPEC.replace("TEXT", text).replace("DOC", "").replace("PATH", "").replace("KEY", "k")
    assert not check("t.claw", source).ok
