"""No forged, stale, foreign or damaged card admits a bundle, and none ends in a traceback."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clawc import __version__
from clawc.commands.trusted import trusted_keys
from clawc.compiler.emit.shake import library_sha256
from clawc.compiler.mutants.operators import operators_sha256
from clawc.exits import UserError
from clawc.runtime.bundle import Bundle, load
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.selftest.admission import Admission, admitted, key_here
from clawc.runtime.selftest.card_file import CardFault, canonical_bytes, card_json, read_card
from clawc.runtime.selftest.card_store import CardStore
from clawc.runtime.selftest.signature import new_key, private_key, public_key, signed
from clawc.spec.bundle import CARD, MAX_CARD
from clawc.spec.card import Counts, MutantLine, Signature, VerifierCard
from clawc.spec.manifest_id import manifest_id

MakeBundle = Callable[..., Path]


@pytest.fixture
def folder(make_bundle: MakeBundle) -> Path:
    """A bundle of this compiler and library."""
    return of_here(make_bundle())


def of_here(path: Path, **changes: object) -> Path:
    manifest = json.loads((path / "bundle.json").read_text())
    manifest["provenance"] |= {"compiler": __version__, "library_sha256": library_sha256()}
    manifest |= changes
    manifest["id"] = manifest_id(manifest)
    (path / "bundle.json").write_text(json.dumps(manifest))
    return path


@pytest.fixture
def store(tmp_path: Path) -> CardStore:
    return CardStore(tmp_path / "cache")


@pytest.fixture
def key(tmp_path: Path) -> Any:
    pytest.importorskip("cryptography")
    new_key(tmp_path / "key.pem")
    return private_key(tmp_path / "key.pem")


def card_for(folder: Path, level: Any = "admit", **changes: Any) -> VerifierCard:
    bundle = load(folder)
    return VerifierCard.model_validate({
        "task": bundle.manifest.task, "key": key_here(bundle, level), "clean": True, "oracle": "derived", "oracle_score": "1",
        "counts": Counts(wrong=30, killed=30, survived=0, equivalent=5, kept=5, rejected=0, open=0), "bound": "0.1",
        "probes": (), "matrix": (), "evidence": (), "cpu_ms": 12.5, **changes,
    })  # fmt: skip


def lay(folder: Path, card: VerifierCard | bytes) -> None:
    (folder / CARD).write_bytes(card if isinstance(card, bytes) else card_json(card).encode())


def asked(
    folder: Path, store: CardStore | None = None, trusted: set[str] | None = None, level: Any = "admit"
) -> Admission:
    return admitted(load(folder), level, store, trusted or set())


def edited(card: VerifierCard, **changes: Any) -> VerifierCard:
    return card.model_copy(update=changes)


def test_proved_here(folder: Path, store: CardStore) -> None:
    assert asked(folder, store).why == "no card"
    assert store.put(card_for(folder))
    found = asked(folder, store)
    assert found.card == card_for(folder) and found.why == "admitted"
    assert store.folder.stat().st_mode & 0o777 == 0o700
    [kept] = store.folder.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600


def test_signed_by_a_trusted_key(folder: Path, key: Any) -> None:
    lay(folder, signed(card_for(folder), key))
    found = asked(folder, trusted={public_key(key)})
    assert found.why == "admitted" and found.card is not None and found.card.signature is not None
    assert asked(folder).why == "unknown signer"


def test_levels(folder: Path, store: CardStore, key: Any) -> None:
    store.put(card_for(folder))
    assert asked(folder, store, level="release").why == "no card"
    lay(folder, signed(card_for(folder), key))
    assert asked(folder, store, {public_key(key)}, "release").why == "stale"
    store.put(card_for(folder, "release"))
    assert asked(folder, store, level="release").why == "admitted"
    found = asked(folder, store).card
    assert found is not None and found.key.level == "release"


def test_what_does_not_hold_speaks_louder(folder: Path, store: CardStore, key: Any) -> None:
    store.put(card_for(folder))
    store.put(card_for(folder, "release", clean=False, reasons=("W0801: a wrong answer passes",)))
    found = asked(folder, store)
    assert found.card is None and found.why == "not clean" and "W0801" in found.reason


def test_a_claim_is_only_a_claim(folder: Path, store: CardStore) -> None:
    lay(folder, card_for(folder))
    assert asked(folder, store).why == "unsigned"


MUTANT = MutantLine(operator="x", kind="wrong", place="p", what="w")
EDITS: dict[str, dict[str, Any]] = {
    "counts": {"counts": Counts(wrong=99, killed=99, survived=0, equivalent=9, kept=9, rejected=0, open=0)},
    "clean flipped": {"clean": True, "reasons": ()},
    "title": {"title": "Another"},
    "survivors": {"survivors": ()},
    "oracle score": {"oracle_score": "0.99"},
    "time": {"cpu_ms": 12.4},
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_edited_after_signing(folder: Path, key: Any, edit: dict[str, Any]) -> None:
    honest = signed(card_for(folder, clean=False, reasons=("W0801: passes",), survivors=(MUTANT,)), key)
    lay(folder, edited(honest, **edit))
    assert asked(folder, trusted={public_key(key)}).why == "forged"


def test_not_clean_although_signed(folder: Path, key: Any) -> None:
    for changes in ({"clean": False}, {"reasons": ("W0801: passes",)}):
        lay(folder, signed(card_for(folder, **changes), key))
        assert asked(folder, trusted={public_key(key)}).why == "not clean"


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("bundle", "1" * 64, "another bundle"),
        ("operators_sha256", "1" * 64, "mutation operators"),
        ("library_sha256", "1" * 64, "check library"),
        ("compiler", "9.9.9", "9.9.9"),
        ("compiler", "\x1b[31m\u202e", "\\x1b"),
    ],
)
def test_a_card_of_another_key(folder: Path, store: CardStore, key: Any, field: str, value: str, word: str) -> None:
    card = card_for(folder)
    other = edited(card, key=card.key.model_copy(update={field: value}))
    store.put(other)
    lay(folder, signed(other, key))
    found = asked(folder, store, {public_key(key)})
    assert found.why == "stale" and word in found.reason


@pytest.mark.parametrize("field", ["compiler", "library_sha256"])
def test_a_bundle_of_another_compiler(make_bundle: MakeBundle, store: CardStore, field: str) -> None:
    provenance = {
        "source": "t.claw",
        "source_sha256": "0" * 64,
        "compiler": __version__,
        "library_sha256": library_sha256(),
    }
    folder = of_here(make_bundle(), provenance={**provenance, field: "0" * 64})
    store.put(card_for(folder))
    assert asked(folder, store).why == "stale"


def test_the_card_of_another_bundle(folder: Path, make_bundle: MakeBundle, key: Any) -> None:
    other = of_here(make_bundle(), title="Another")
    assert load(other).manifest.id != load(folder).manifest.id
    lay(folder, signed(card_for(other), key))
    assert asked(folder, trusted={public_key(key)}).why == "stale"


def test_a_copied_signature(folder: Path, make_bundle: MakeBundle, key: Any) -> None:
    other = signed(card_for(of_here(make_bundle(), title="Another")), key)
    lay(folder, edited(card_for(folder), signature=other.signature))
    assert asked(folder, trusted={public_key(key)}).why == "forged"


def test_the_name_of_a_trusted_key(folder: Path, key: Any, tmp_path: Path) -> None:
    new_key(tmp_path / "theirs.pem")
    theirs = signed(card_for(folder), private_key(tmp_path / "theirs.pem"))
    assert theirs.signature is not None
    named = theirs.signature.model_copy(update={"key": public_key(key)})
    lay(folder, edited(theirs, signature=named))
    assert asked(folder, trusted={public_key(key)}).why == "forged"
    lay(folder, theirs)
    assert asked(folder, trusted={public_key(key)}).why == "unknown signer"


def test_another_task(folder: Path, key: Any) -> None:
    lay(folder, signed(card_for(folder, task="another"), key))
    assert asked(folder, trusted={public_key(key)}).why == "forged"


def test_a_key_of_small_order(folder: Path) -> None:
    """That of the neutral element, for which some libraries accept any signature, is only ever the key of a stranger."""
    pytest.importorskip("cryptography")
    neutral = "01" + "00" * 31
    lay(folder, edited(card_for(folder), signature=Signature(key=neutral, value=neutral + "00" * 32)))
    assert asked(folder, trusted={"0" * 64}).why == "unknown signer"


def spoilt(card: VerifierCard) -> dict[str, bytes]:
    text = card_json(card)
    return {
        "truncated": text.encode()[:-40],
        "empty": b"",
        "twice": text.replace('"clean": true', '"clean": false, "clean": true').encode(),
        "nested twice": text.replace('"level":', '"level": "release", "level":').encode(),
        "NaN": text.replace('"cpu_ms": 12.5', '"cpu_ms": NaN').encode(),
        "infinite": text.replace('"cpu_ms": 12.5', '"cpu_ms": 1e999').encode(),
        "negative": text.replace('"killed": 30', '"killed": -30').encode(),
        "digits": text.replace('"killed": 30', '"killed": ' + "3" * 5_000).encode(),
        "unknown field": text.replace('"clean": true', '"clean": true, "trusted": true').encode(),
        "list": f"[{text}]".encode(),
        "deep": b"[" * 200_000,
        "not UTF-8": text.encode("utf-16"),
        "half a pair": text.replace('"title": ""', '"title": "\\ud800"').encode(),
        "newer": text.replace('"format_version": 1', '"format_version": 2').encode(),
        "long": text.replace('"title": ""', f'"title": "{"x" * 100_000}"').encode(),
        "short signature": text.replace('"signature": null', '"signature": {"key": "00", "value": "00"}').encode(),
    }


@pytest.mark.parametrize("how", [
    "truncated", "empty", "twice", "nested twice", "NaN", "infinite", "negative", "digits", "unknown field", "list", "deep",
    "not UTF-8", "half a pair", "newer", "long", "short signature",
])  # fmt: skip
def test_what_is_no_card(folder: Path, key: Any, how: str) -> None:
    data = spoilt(card_for(folder))[how]
    with pytest.raises(CardFault):
        read_card(data)
    lay(folder, data)
    assert asked(folder, trusted={public_key(key)}).why == "damaged"


def test_a_huge_card(folder: Path) -> None:
    with open(folder / CARD, "wb") as file:
        file.truncate(MAX_CARD + 1)
    assert asked(folder).why == "damaged"


@pytest.mark.parametrize("kind", ["link", "fifo", "folder", "folder with a file", "device"])
def test_what_is_no_file(folder: Path, kind: str, store: CardStore, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text(card_json(card_for(folder)))
    place = folder / CARD
    if kind == "link":
        place.symlink_to(elsewhere)
    elif kind == "fifo":
        os.mkfifo(place)
    elif kind == "device":
        place.symlink_to("/dev/zero")
    else:
        place.mkdir()
        if kind != "folder":
            (place / "x").write_text("x")
    try:
        found = asked(folder, store)
    except RuntimeFault as fault:
        assert fault.code in ("R0105", "R0106")
    else:
        assert found.card is None and found.why == "damaged"


def test_only_a_card_may_be_unlisted(folder: Path) -> None:
    lay(folder, b"anything")
    load(folder)
    for name in ("card.json.bak", "private/card.json", "CARD.JSON"):
        (folder / name).write_text("")
        with pytest.raises(RuntimeFault, match="not listed"):
            load(folder)
        (folder / name).unlink()


def test_a_listed_card(make_bundle: MakeBundle) -> None:
    with pytest.raises(RuntimeFault) as caught:
        load(make_bundle(extra={CARD: "{}"}))
    assert caught.value.code == "R0103"


def test_the_canonical_form_is_stable(folder: Path, key: Any) -> None:
    card = signed(card_for(folder, title="Ä “x” \u2028", open={"b": 1, "a": 2}, cpu_ms=3), key)
    again = read_card(card_json(card).encode())
    assert again == card and canonical_bytes(again) == canonical_bytes(card)
    other_order = json.dumps(dict(reversed(json.loads(card_json(card)).items())), indent=7).encode()
    assert canonical_bytes(read_card(other_order)) == canonical_bytes(card)


class TestStore:
    def test_swapped_between_keys(self, folder: Path, make_bundle: MakeBundle, store: CardStore) -> None:
        other = of_here(make_bundle(), title="Another")
        store.put(card_for(folder))
        [mine] = store.folder.iterdir()
        store.put(card_for(other))
        [theirs] = [p for p in store.folder.iterdir() if p != mine]
        theirs.replace(mine)
        assert asked(folder, store).why == "no card"

    def test_damaged(self, folder: Path, store: CardStore) -> None:
        store.put(card_for(folder, clean=False, reasons=("x",)))
        [file] = store.folder.iterdir()
        data = file.read_bytes()
        for spoiled in (
            b"", data[:-1], data[:40], data + b" ", data.replace(b'"clean":false', b'"clean":true'), b"x" * len(data),
            b"0" * 64 + data[64:], b"[" * 100_000,
        ):  # fmt: skip
            file.write_bytes(spoiled)
            assert asked(folder, store).why == "no card"

    def test_huge(self, folder: Path, store: CardStore) -> None:
        store.put(card_for(folder))
        [file] = store.folder.iterdir()
        os.truncate(file, MAX_CARD * 4)
        assert asked(folder, store).why == "no card"

    @pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
    def test_no_file(self, folder: Path, store: CardStore, kind: str, tmp_path: Path) -> None:
        store.put(card_for(folder))
        [file] = store.folder.iterdir()
        file.rename(tmp_path / "kept")
        if kind == "link":
            file.symlink_to(tmp_path / "kept")
        elif kind == "fifo":
            os.mkfifo(file)
        else:
            file.mkdir()
        assert asked(folder, store).why == "no card"

    @pytest.mark.parametrize("mode", [0o777, 0o770, 0o722])
    def test_a_folder_that_others_can_write(self, folder: Path, store: CardStore, mode: int) -> None:
        for place in (store.cache, store.folder):
            store.put(card_for(folder))
            place.chmod(mode)
            assert asked(folder, store).why == "no card"
            assert not store.put(card_for(folder))
            place.chmod(0o700)
        assert asked(folder, store).why == "admitted"

    def test_a_file_that_others_can_write(self, folder: Path, store: CardStore) -> None:
        store.put(card_for(folder))
        [file] = store.folder.iterdir()
        file.chmod(0o666)
        assert asked(folder, store).why == "no card"

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
    def test_of_another_user(self, folder: Path, store: CardStore) -> None:
        store.put(card_for(folder))
        [file] = store.folder.iterdir()
        for place in (store.cache, store.folder, file):
            os.chown(place, 12345, -1)
            assert asked(folder, store).why == "no card"
            os.chown(place, 0, -1)
        assert asked(folder, store).why == "admitted"

    def test_a_linked_folder(self, folder: Path, store: CardStore, tmp_path: Path) -> None:
        store.put(card_for(folder))
        store.folder.rename(tmp_path / "elsewhere")
        store.folder.symlink_to(tmp_path / "elsewhere")
        assert asked(folder, store).why == "no card"
        assert not store.put(card_for(folder))

    def test_a_cache_that_is_a_file(self, folder: Path, store: CardStore) -> None:
        store.cache.write_text("")
        assert not store.put(card_for(folder)) and asked(folder, store).why == "no card"


class TestKeys:
    def test_a_file_that_others_can_read(self, key: Any, tmp_path: Path) -> None:
        for mode in (0o640, 0o604, 0o644):
            (tmp_path / "key.pem").chmod(mode)
            with pytest.raises(RuntimeFault, match="others can read"):
                private_key(tmp_path / "key.pem")

    def test_never_overwritten(self, key: Any, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(tmp_path / "nowhere")
        for name in ("key.pem", "link"):
            with pytest.raises(RuntimeFault, match="exists"):
                new_key(tmp_path / name)

    def test_digits(self, tmp_path: Path) -> None:
        """The first test vector of RFC 8032, 7.1."""
        pytest.importorskip("cryptography")
        path = tmp_path / "raw"
        path.touch(0o600)
        path.write_text("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\n")
        assert public_key(private_key(path)) == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

    @pytest.mark.parametrize("data", [b"", b"\xff" * 64, b"0" * 63, b"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n", b"x" * 100_000])  # fmt: skip
    def test_no_key(self, tmp_path: Path, data: bytes) -> None:
        pytest.importorskip("cryptography")
        path = tmp_path / "raw"
        path.touch(0o600)
        path.write_bytes(data)
        with pytest.raises(RuntimeFault) as caught:
            private_key(path)
        assert caught.value.code == "R0602"

    def test_no_file(self, tmp_path: Path) -> None:
        pytest.importorskip("cryptography")
        os.mkfifo(tmp_path / "fifo", 0o600)
        for path in (tmp_path / "absent", tmp_path, tmp_path / "fifo"):
            with pytest.raises(RuntimeFault):
                private_key(path)

    def test_of_another_kind(self, tmp_path: Path) -> None:
        pytest.importorskip("cryptography")
        from cryptography.hazmat.primitives import serialization as s
        from cryptography.hazmat.primitives.asymmetric import ec

        path = tmp_path / "ec.pem"
        path.touch(0o600)
        key = ec.generate_private_key(ec.SECP256R1())
        path.write_bytes(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()))
        with pytest.raises(RuntimeFault, match="Ed25519"):
            private_key(path)


KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


class TestTrusted:
    @pytest.fixture(autouse=True)
    def _config(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "config").mkdir()
        (tmp_path / "project" / "deep").mkdir(parents=True)
        (tmp_path / "project" / "claw.toml").write_text("")
        monkeypatch.setenv("CLAWC_CONFIG", str(tmp_path / "config"))

    def test_of_the_project_and_of_the_user(self, tmp_path: Path) -> None:
        assert trusted_keys(tmp_path / "project") == frozenset()
        (tmp_path / "project/claw.toml").write_text(f'[cards]\ntrusted = ["{KEY}"]\n')
        (tmp_path / "config/claw.toml").write_text(f'[cards]\ntrusted = ["{"0" * 64}"]\n')
        assert trusted_keys(tmp_path / "project/deep") == {KEY, "0" * 64}
        assert trusted_keys(tmp_path) == {"0" * 64}

    @pytest.mark.parametrize(
        "text",
        [
            "cards = 1", "[cards]\ntrusted = 1", f'[cards]\ntrusted = "{KEY}"', "[cards]\nkeys = []", '[cards]\ntrusted = ["x"]',
            f'[cards]\ntrusted = ["{KEY}0"]', f'[cards]\ntrusted = ["{KEY.upper()}"]', "[cards]\ntrusted = [1]", "[cards",
            '[cards]\ntrusted = [["x"]]', f'[cards]\ntrusted = ["{KEY[:-1]}٣"]', "\0", "[[cards]]",
        ],
    )  # fmt: skip
    def test_malformed(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "project/claw.toml").write_text(text)
        with pytest.raises(UserError):
            trusted_keys(tmp_path / "project")

    def test_no_file(self, tmp_path: Path) -> None:
        (tmp_path / "project/claw.toml").write_bytes(b"# \xff")
        with pytest.raises(UserError):
            trusted_keys(tmp_path / "project")
        (tmp_path / "config/claw.toml").mkdir()
        with pytest.raises(UserError):
            trusted_keys(tmp_path)


def test_the_key_of_here(folder: Path) -> None:
    bundle: Bundle = load(folder)
    key = key_here(bundle, "admit")
    assert key.bundle == bundle.manifest.id and key.operators_sha256 == operators_sha256()
