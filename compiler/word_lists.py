"""Names, streets and words of a locale, out of the data files of `mimesis`; none of its code is imported.

A file counts only if it has the content that was pinned here, so an installation either draws the same values as every
other one or says why it cannot.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from clawc.spec.functions import LOCALES
from clawc.stdlib.checks.values import Unmet

PACKAGE = "mimesis"
VERSION = "22.2.0"
PINNED: dict[str, str] = {
    "en/person.json": "39db22eea2439abe35edd9d83a7d0ed5228302bc8259900917b0f47b8d39d4fb",
    "en/address.json": "5feac7a68ecf304b66209f53f017c48c1018859a0f010e9b8e6e3a110ceecd21",
    "en/text.json": "f1f6751babb9790312ac77594a983bbf04d7aa44f147a8a4bd41489f98f3273b",
    "en-gb/person.json": "6e998904c159c16b1d0fe23264db8d1c7e3ecfa8e8c150c64fe316fd72420a29",
    "en-gb/address.json": "1fa0f8c747356f9bf9d9756675cb1f0de1be1cc8be8deca4bff946929c5d17ba",
    "en-gb/text.json": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    "de/person.json": "e8090268450ef14fa57eb3d65d142a1091259c930d747bbf10061e62314e8b32",
    "de/address.json": "750a09392a51c5dacbdf62c801f1819093e554456483ada7187a4fedb2095fd6",
    "de/text.json": "98e62da4dd113a000047be4c16fd6039ed0197da573a9ab329e23ac4fb5bf6df",
    "fr/person.json": "8d7cafaf70b2294b28f18888017f72aabfe03eb4f7bfbf4bff9f1a367bcb66cf",
    "fr/address.json": "22acb292a6ce01e196a3ecc4e76f30166b1a27e3cea4e8190eeb6b4cf08fe1b2",
    "fr/text.json": "1365777c5371927c32c1e9b2e1edfa9721c9ce613c9c36a4fd2a554733242ac8",
    "sv/person.json": "4583f4cd7d26c9a3dfe53929e87f794a18c9370f138236fc30e1de4cca72c30c",
    "sv/address.json": "01a7f62bcd9a76531bd8aed6fa73540f520d8156524f2ce034aa563751ab1dd7",
    "sv/text.json": "e9ee9e2dfb50ec56fa0e4ed9aa5592460110e47255bf5036987df4a7c4dfb238",
}
# What a list of frequent words holds that no document of a task should.
_UNFIT = re.compile(
    "abus|adult|assault|bikini|bitch|bloody|bomb|breast|casino|damn|dead|death|drug|erot|escort|fetish|gambl|gay|hate|hell$|kill"
    "|lesb|linger|livecam|massag|murder|naked|nazi|nud[ei]|pant(y|ies)|poker|porn|rape|sex|slave|slut|suicid|terror|thong|underw"
    "|viagra|violen|weapon|webcam|whore|mord|tod$|tot$|töt|mört|död"
    "|baiser|bordel|chier|conn(ard|asse|erie)|cul$|encul|flic|foutre|merde|mourir|mort|put(ain|e)|salaud|salop|tuer"
)


def word_list(locale: str, file: str, *path: str) -> tuple[str, ...]:
    """The texts at a path of a data file, without repetitions; those of the language where the locale has none.

    Raises Unmet for a locale that is not known, and where the data files are missing or of another version.
    """
    return _listed(_known(locale), file, path)


def words(locale: str) -> tuple[str, ...]:
    """Words of at least four letters that may stand in any document."""
    return _words(_known(locale))


def _known(locale: str) -> str:
    if locale not in LOCALES:
        raise Unmet(f"there are no word lists for the locale `{locale}`; there are those of {', '.join(LOCALES)}")
    return locale


@cache
def _words(locale: str) -> tuple[str, ...]:
    found = _listed(locale, "text", ("words",))
    return tuple(w for w in found if len(w) >= 4 and w.isalpha() and w.islower() and not _UNFIT.search(w))


@cache
def _listed(locale: str, file: str, path: tuple[str, ...]) -> tuple[str, ...]:
    for place in dict.fromkeys((locale, locale.split("-")[0])):
        found: Any = _data(place, file) if f"{place}/{file}.json" in PINNED else {}
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if isinstance(found, list) and found:
            return tuple(dict.fromkeys(str(text).strip() for text in found))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    raise Unmet(f"the locale `{locale}` has no list of this")


@cache
def _data(place: str, file: str) -> Any:
    name = f"{place}/{file}.json"
    try:
        data = (_folder() / name).read_bytes()
    except OSError:
        raise Unmet(
            f"the word lists of the package `{PACKAGE}` are not installed; install {PACKAGE}=={VERSION}"
        ) from None
    if hashlib.sha256(data).hexdigest() != PINNED[name]:
        raise Unmet(f"the word lists `{name}` are of another version; install {PACKAGE}=={VERSION}")
    return json.loads(data)


def _folder() -> Path:
    """Where the data files lie. Finding a package does not import it."""
    spec = find_spec(PACKAGE)
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    return Path(places[0], "datasets") if places else Path("/nonexistent")
