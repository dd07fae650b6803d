"""The tree-sitter grammar, compiled as editors compile it: no example has an error, its tokens are ours, its queries fit."""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from tree_sitter import Language, Node, Parser, Query, QueryCursor

from clawc.spec.export.vocabulary import vocabulary
from tests.editors.sources import HOSTILE, ROOT, SPELLINGS, VALID, hostile, lexed, names

FOLDER = ROOT / "editors" / "tree-sitter-claw"
QUERIES = [*sorted((FOLDER / "queries").glob("*.scm")), *sorted((ROOT / "editors/helix/queries/claw").glob("*.scm"))]
TEXTS = {**{names(path): path.read_text(encoding="utf-8") for path in VALID}, "spellings": SPELLINGS}
# Its name lives as long as the capsule.
_CAPSULE = b"tree_sitter.Language"
_KINDS = {
    "STRING": "string", "TRIPLE": "text_block", "REGEX": "regex", "DATE": "date", "NUMBER": "number", "QUOTED": "quoted_name",
    "EDITION": "edition",
}  # fmt: skip


@pytest.fixture(scope="module")
def language(tmp_path_factory: pytest.TempPathFactory) -> Language:
    """Compiled for this run; skips, with the reason, where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        reason = "no C compiler is there, so the tree-sitter grammar was not compiled"
        if os.environ.get("CLAWC_TEST_EDITORS") == "1":
            pytest.fail(f"CLAWC_TEST_EDITORS is 1: {reason}")
        pytest.skip(reason)
    out = tmp_path_factory.mktemp("grammar") / "claw.so"
    sources = [str(FOLDER / "src" / name) for name in ("parser.c", "scanner.c")]
    command = [compiler, "-O1", "-std=c11", "-shared", "-fPIC", "-I", str(FOLDER / "src"), *sources, "-o", str(out)]
    subprocess.run(command, check=True, timeout=200)
    make = ctypes.CDLL(str(out)).tree_sitter_claw
    make.restype = ctypes.c_void_p
    capsule = ctypes.pythonapi.PyCapsule_New
    capsule.restype, capsule.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    pointer: object = capsule(make(), _CAPSULE, None)
    return Language(pointer)


def leaves(node: Node) -> list[Node]:
    found: list[Node] = []
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one.child_count:
            waiting += reversed(one.children)
        elif one.end_byte > one.start_byte:
            found.append(one)
    return found


@pytest.mark.parametrize("name", TEXTS)
def test_it_reads_what_the_compiler_reads(language: Language, name: str) -> None:
    text = TEXTS[name]
    data = text.encode()
    tree = Parser(language).parse(data)
    assert not tree.root_node.has_error, tree.root_node
    read, comments = lexed(text)
    ours = [(token.text, _KINDS.get(token.kind, "")) for token in read if token.kind not in ("_PIPE", "_COMMA")]
    theirs = [(data[n.start_byte : n.end_byte].decode(), n.type) for n in leaves(tree.root_node)]
    spoken = [(word, kind) for word, kind in theirs if kind != "comment" and word.strip() not in ("|", ",", "")]
    assert [word for word, _ in _split(spoken)] == [word for word, _ in ours]
    for (word, kind), (_, wanted) in zip(_split(spoken), ours, strict=True):
        assert not wanted or kind in (wanted, "whole_numbers"), word
    assert [word for word, kind in theirs if kind == "comment"] == [c.text for c in comments]


def _split(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Ranges of whole numbers in their parts, which our lexer has."""
    return [
        (part, kind)
        for word, kind in found
        for part in (re.split(r"(\.\.)", word) if kind == "whole_numbers" else [word])
    ]


def test_the_parser_was_made_from_this_grammar() -> None:
    made = (FOLDER / "src" / "made_from").read_text(encoding="ascii").strip()
    found = hashlib.sha256((FOLDER / "grammar.js").read_bytes()).hexdigest()
    assert made == found, "run `editors/tree-sitter-claw/generate`"
    assert (FOLDER / "src" / "parser.c").stat().st_size < 2 << 20


@pytest.mark.parametrize("path", QUERIES, ids=names)
def test_a_query_fits_the_grammar(language: Language, path: Path) -> None:
    # What is only handed on to editors, the bindings cannot free twice.
    Query(language, re.sub(r"\(#(?:set|offset)! [^()]*\)", "", path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", [q for q in QUERIES if q.name == "highlights.scm"], ids=names)
def test_each_word_has_one_colour(language: Language, path: Path) -> None:
    cursor = QueryCursor(Query(language, path.read_text(encoding="utf-8")))
    for name, text in TEXTS.items():
        tree = Parser(language).parse(text.encode())
        colours: dict[tuple[int, int], str] = {}
        for colour, nodes in cursor.captures(tree.root_node).items():
            for node in nodes:
                assert colours.setdefault((node.start_byte, node.end_byte), colour) == colour, (name, node)
        for node in leaves(tree.root_node):
            word = (node.text or b"").decode()
            if node.type == "identifier" or word in vocabulary().reserved:
                assert (node.start_byte, node.end_byte) in colours, (name, word, node.start_point, node.parent)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_end(language: Language, name: str) -> None:
    text = hostile(name, 20_000)
    begun = time.monotonic()
    Parser(language).parse(text.encode())
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("claw 1\nlet a = b\n\n  # c\n\n  | where x\nlet c = d\n", 2),
        ("claw 1\nlet a = b\n# c\nlet c = d\n", 2),
        ("claw 1\n\nlet a = [1, # c\n  2,\n]\nlet c = f(1,\n  b = 2\n)\n", 2),
        ("claw 1\r\nlet a = b\r\n  | where c\r\nlet d = 1", 2),
        ("claw 1\nlet a = b\n" + "# c\n" * 300 + "  | where x\n", 1),
    ],
)
def test_a_line_end_ends_an_item_unless_a_stage_follows(language: Language, text: str, items: int) -> None:
    root = Parser(language).parse(text.encode()).root_node
    assert not root.has_error
    assert len([n for n in root.named_children if n.type == "let_item"]) == items
