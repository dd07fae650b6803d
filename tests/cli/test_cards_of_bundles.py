"""`clawc test BUNDLE`: proved from the source inside, attached, kept, signed, admitted elsewhere; refused with a sentence."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from clawc.spec.manifest_id import manifest_id

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (ROOT / "examples" / "order_totals.claw", ROOT / "examples" / "outage_digest.claw")


class Done(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the bundles of two tasks in `suite`."""
    done = clawc(tmp_path, "build", *map(str, SOURCES), "-o", "suite")
    assert done.code == 0, done.err
    return tmp_path


def clawc(folder: Path, *arguments: str, user: str = "user") -> Done:
    """The command as one of several users, each with a cache and a configuration of his own."""
    env = {**os.environ, "CLAWC_CACHE": str(folder / user / "cache"), "CLAWC_CONFIG": str(folder / user / "config")}
    done = subprocess.run(
        [sys.executable, "-m", "clawc", *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr and done.returncode != 70, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def why(done: Done) -> list[str]:
    return [entry["why"] for entry in json.loads(done.out)["bundles"]]


@pytest.fixture(scope="session")
def works() -> None:
    done = subprocess.run([sys.executable, "-m", "clawc", "doctor"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no sandbox here: {done.stdout}")


def test_proved_attached_and_admitted(place: Path, works: None) -> None:
    before = clawc(place, "test", "suite", "--admitted", "--format", "json")
    assert before.code == 1 and why(before) == ["no card", "no card"]
    proved = clawc(place, "test", "suite", "--attach")
    assert proved.code == 0 and "2 of 2 cards are clean" in proved.out, proved.out + proved.err
    assert clawc(place, "test", "suite", "--admitted").code == 0
    elsewhere = clawc(place, "test", "suite", "--admitted", "--format", "json", user="other")
    assert elsewhere.code == 1 and why(elsewhere) == ["unsigned", "unsigned"]
    assert clawc(place, "test", "suite/order_totals", "--admitted", "--level", "release").code == 1
    sources = clawc(place, "test", str(SOURCES[0]), "--format", "json")
    [card] = json.loads(sources.out)["cards"]
    assert card["key"] == json.loads((place / "suite/order_totals/card.json").read_text())["key"]


def test_signed_for_others(place: Path, works: None) -> None:
    pytest.importorskip("cryptography")
    made = clawc(place, "keys", "new", "key.pem")
    public = made.out.strip()
    assert made.code == 0 and len(public) == 64 and clawc(place, "keys", "show", "key.pem").out.strip() == public
    bundle = "suite/order_totals"
    assert clawc(place, "test", bundle, "--attach", "--sign", "key.pem").code == 0
    assert why(clawc(place, "test", bundle, "--admitted", "--format", "json", user="other")) == ["unknown signer"]
    (place / "claw.toml").write_text(f'[cards]\ntrusted = ["{public}"]\n')
    found = clawc(place, "test", bundle, "--admitted", user="other")
    assert found.code == 0 and public[:16] in found.out
    card = place / bundle / "card.json"
    card.write_text(card.read_text().replace('"survived": 0', '"survived": 1'))
    assert why(clawc(place, "test", bundle, "--admitted", "--format", "json", user="other")) == ["forged"]
    (place / "claw.toml").write_text('[cards]\ntrusted = ["nonsense"]\n')
    assert clawc(place, "test", bundle, "--admitted", user="other").code == 2
    os.chmod(place / "key.pem", 0o644)
    assert "others can read" in clawc(place, "test", bundle, "--sign", "key.pem").err


def test_only_whole_proofs_are_kept(place: Path) -> None:
    for option in (("--no-sandbox",), ("--no-sandbox", "--mutants", "3")):
        clawc(place, "test", "suite", *option)
        assert why(clawc(place, "test", "suite", "--admitted", "--format", "json")) == ["no card", "no card"]
    assert clawc(place, "test", "suite", "--no-sandbox", "--sign", "key.pem").code == 2


@pytest.mark.nightly
def test_instances(place: Path) -> None:
    done = clawc(place, "build", str(ROOT / "examples/overdue_letters.claw"), "-n", "2", "--seed", "4", "-o", "many")
    assert done.code == 0
    proved = clawc(place, "test", "many", "--no-sandbox", "--format", "json")
    cards = json.loads(proved.out)["cards"]
    assert [card["task"] for card in cards] == ["overdue_letters-0001", "overdue_letters-0002"]
    assert [card["instance"]["seed"] for card in cards] == [4, 5]
    for card in cards:
        assert card["key"]["bundle"] == json.loads((place / "many" / card["task"] / "bundle.json").read_text())["id"]


def test_what_is_not_its_source_is_refused(place: Path) -> None:
    folder = place / "suite/order_totals"
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest["limits"]["wall_s"] = 601.0
    manifest["id"] = manifest_id(manifest)
    (folder / "bundle.json").write_text(json.dumps(manifest))
    done = clawc(place, "test", "suite", "--no-sandbox")
    assert done.code == 2 and "not what its source gives" in done.err and "build it again" in done.err
    (folder / "private/check.py").write_text("print(1)")
    done = clawc(place, "test", "suite", "--no-sandbox")
    assert done.code == 2 and "edited bundle" in done.err
    found = clawc(place, "test", "suite", "--admitted", "--format", "json")
    assert found.code == 1 and why(found) == ["damaged", "no card"]


def test_a_source_without_end_is_bounded(place: Path) -> None:
    """Proving runs in a child that has so much time and memory and no more; here it is the memory."""
    import hashlib

    folder = place / "suite/order_totals"
    path = "private/source/order_totals.claw"
    text = (folder / path).read_text().replace("let totals", "let big = seq(1, 9999999)\n  let totals", 1).encode()
    manifest = json.loads((folder / "bundle.json").read_text())
    for file in manifest["files"]:
        if file["path"] == path:
            file |= {"sha256": hashlib.sha256(text).hexdigest(), "size": len(text)}
    manifest["id"] = manifest_id(manifest)
    (folder / path).write_bytes(text)
    (folder / "bundle.json").write_text(json.dumps(manifest))
    assert clawc(place, "test", str(folder), "--no-sandbox").code in (1, 2)


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("test", "suite", "-n", "2"), "is one"),
        (("test", str(SOURCES[0]), "--attach"), "--cards"),
        (("test", str(SOURCES[0]), "--admitted"), "no bundle"),
        (("test", "suite", "--admitted", "--level", "high"), "levels"),
        (("test", "suite", "--level", "high"), "levels"),
        (("test", "suite", "--admitted", "--format", "sarif"), "formats"),
        (("test", "nowhere"), "no file"),
        (("keys", "old", "x"), "keys new"),
        (("keys", "show", "nowhere"), "cannot be read"),
        (("keys", "new", "nowhere/x"), "cannot be written"),
    ],
)
def test_usage(place: Path, arguments: tuple[str, ...], word: str) -> None:
    done = clawc(place, *arguments)
    assert done.code == 2 and word in done.err


def test_without_cryptography(place: Path) -> None:
    (place / "hidden/cryptography").mkdir(parents=True)
    (place / "hidden/cryptography/__init__.py").write_text("raise ImportError('not here')")
    env = {**os.environ, "PYTHONPATH": str(place / "hidden")}
    done = subprocess.run(
        [sys.executable, "-m", "clawc", "keys", "new", "key"], cwd=place, env=env, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 2 and "pip install" in done.stderr and not (place / "key").exists()


def test_a_bundle_with_a_card_runs_and_is_built_again(place: Path) -> None:
    folder = place / "suite/order_totals"
    (folder / "card.json").write_text("{}")
    kept = json.loads((folder / "bundle.json").read_text())["id"]
    done = clawc(place, "build", str(SOURCES[0]), "-o", "suite")
    assert done.code == 0 and not (folder / "card.json").exists()
    assert json.loads((folder / "bundle.json").read_text())["id"] == kept
    shutil.rmtree(place / "suite")
