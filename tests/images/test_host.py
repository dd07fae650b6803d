"""The image of this machine: what is in it, that it is the same each time, and who shares it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from clawc.runtime.images import api
from clawc.runtime.images.elf import linked
from clawc.runtime.images.gather import gather, program_path, python_library
from clawc.runtime.images.host import HostImage, host_image, host_key, host_reference
from clawc.runtime.images.layer import write_layer
from clawc.runtime.images.named import named_image
from clawc.runtime.images.programs import PROGRAMS
from clawc.runtime.sandbox.command import BASE_ENV
from tests.images.engine import Engine

# Small, and on every machine that has the others.
FEW = ("awk", "cat", "env", "sh", "which")
PYTHON = """
import asyncio, bz2, ctypes, curses, dbm, decimal, hashlib, json, lzma, multiprocessing, os, sqlite3, ssl, sys, zlib, zoneinfo
print(zoneinfo.ZoneInfo("Europe/Berlin"), sqlite3.connect(":memory:").execute("select 6 * 7").fetchone()[0])
print([path for path in sys.path if "packages" in path], sys.getfilesystemencoding(), os.listdir("/w"))
"""
SHELL = """
set -e
cd /tmp && git init -q r && cd r && echo one two > f && git add f && git -c user.name=a -c user.email=a@b commit -q -m m
git log --format=%s && awk '{ print $2 }' f && which sed && id -un && echo '1 + 2' | sed 's/ //g'
printf 'all:\\n\\t@echo made\\n' > Makefile && make && perl -MPOSIX -e 'print floor(2.5), "\\n"'
"""


def test_programs_work_without_network_for_an_ordinary_user(engine: Engine, host: HostImage) -> None:
    status, output = engine.run(host.id, ["sh", "-c", SHELL], user="1000:1000")
    assert (status, output.split()) == (0, ["m", "two", "/usr/bin/sed", "agent", "1+2", "made", "2"])
    status, output = engine.run(host.id, ["python3", "-c", PYTHON], user="1000:1000")
    assert (status, output.splitlines()) == (0, ["Europe/Berlin 42", "[] utf-8 []"])


def test_it_says_what_it_has(engine: Engine, host: HostImage) -> None:
    status, output = engine.run(host.id, ["sh", "-c", "cd /usr/bin && ls -A; cd /bin && ls -A"])
    assert status == 0
    assert host.programs == frozenset(output.split())
    assert host.programs is not None and host.programs >= {
        "sh",
        "bash",
        "python3",
        "git",
        "awk",
        "sed",
        "grep",
        "tar",
        "setsid",
    }
    assert not {"gcc", "cc", "su", "sudo", "mount", "passwd"} & host.programs
    assert named_image(engine.client, host_reference(host.key)).programs == host.programs


def test_every_program_finds_its_libraries(engine: Engine, host: HostImage) -> None:
    script = 'for p in /usr/bin/*; do ldd "$p" 2>/dev/null | grep "not found" && echo "$p"; done; true'
    assert engine.run(host.id, ["bash", "-c", script]) == (0, "")


def test_nothing_of_the_host_is_in_it() -> None:
    entries = gather(PROGRAMS)
    etc = {name for name in entries if name.startswith("etc/") and not name.startswith("etc/alternatives")}
    assert etc == {"etc/passwd", "etc/group", "etc/nsswitch.conf"}
    tops = {name.split("/")[0] for name in entries}
    assert not tops & {"root", "home", "var", "boot", "srv", "mnt"}
    assert not [name for name in entries if "-packages" in name or name.startswith(("usr/local", "usr/src"))]
    assert not [name for name, one in entries.items() if stat.S_IMODE(one.mode) & 0o6000]
    for folder in ("usr/sbin", "w", "opt/tools", "run", "proc", "sys", "dev"):
        assert entries[folder].mode == 0o755 | stat.S_IFDIR
    assert entries["tmp"].mode == 0o1777 | stat.S_IFDIR


def test_links_stay_links_and_lead_somewhere() -> None:
    entries = gather(PROGRAMS)
    assert entries["usr/bin/python3"].link.startswith("python3.")
    for name, one in entries.items():
        if one.link:
            target = os.path.realpath(os.path.join("/", os.path.dirname(name), one.link)).removeprefix("/")
            assert target in entries, f"{name} leads to {target}"


def test_folders_come_whole_also_where_a_program_stands_in_them() -> None:
    entries = gather(PROGRAMS)
    for folder in (python_library(), Path("/usr/share/zoneinfo"), Path("/usr/lib/git-core")):
        if folder.is_dir():
            top = os.path.realpath(folder).removeprefix("/")
            assert len([name for name in entries if name.startswith(f"{top}/")]) > 50
    if program_path("npm"):
        script = os.path.realpath("/usr/bin/npm").removeprefix("/")
        beside = [name for name in gather(["npm"]) if os.path.dirname(name) == os.path.dirname(script)]
        assert len(beside) == len(os.listdir(os.path.dirname(f"/{script}")))


def test_equal_layers_for_equal_machines(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with open(tmp_path / name, "wb") as out:
            write_layer(gather(FEW), out)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with tarfile.open(tmp_path / "a") as tar:
        names = tar.getnames()
        assert names == sorted(names)
        assert {(one.uid, one.gid, one.uname, one.gname) for one in tar} == {(0, 0, "", "")}


def test_the_key_names_the_programs() -> None:
    assert host_key(FEW) == host_key(FEW) != host_key(FEW[1:])
    assert host_key(FEW) == host_key((*FEW, "no-such-program-9", "../sh", ""))


def test_a_tool_that_is_not_here_changes_nothing(engine: Engine, host: HostImage) -> None:
    found = host_image(engine.client, ["no-such-program-9", "/bin/sh", "../../etc/passwd"])
    assert found == host


def test_it_is_made_once(engine: Engine, host: HostImage) -> None:
    before = engine.inspect(host.id)
    assert host_image(engine.client) == host
    assert engine.inspect(host_reference(host.key)) == before


BUILD = """
import json, sys
from clawc.runtime.images.host import host_image
from clawc.runtime.sandbox.docker.engine import connect
found = host_image(connect(), [sys.argv[1]])
print(json.dumps([found.id, found.key, sorted(found.programs)]))
"""


@pytest.mark.sampled(2)
@pytest.mark.parametrize("locked", [True, False])
def test_two_that_make_it_at_once(engine: Engine, tmp_path: Path, locked: bool) -> None:
    """With one folder for temporary files they wait for each other, else both make it."""
    tools = [one for one in ("lscpu", "lsmem", "infocmp", "getconf") if one not in PROGRAMS and program_path(one)]
    tool = tools[locked]
    key = host_key(sorted({*PROGRAMS, tool}))
    engine.forget(host_reference(key))
    folders = [tmp_path / ("t" if locked else name) for name in ("a", "b")]
    for folder in folders:
        folder.mkdir(exist_ok=True)
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", BUILD, tool], stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(folder)}
        )
        for folder in folders
    ]
    found = [json.loads(one.communicate(timeout=120)[0]) for one in runs]
    try:
        assert found[0][1:] == found[1][1:]
        assert tool in found[0][2]
        assert not locked or found[0][0] == found[1][0]
        one, other = (engine.inspect(each[0]) for each in found)
        assert one["RootFS"]["Layers"] == other["RootFS"]["Layers"]
        assert host_image(engine.client, [tool]).id in {found[0][0], found[1][0]}
    finally:
        engine.forget(host_reference(key), *{each[0] for each in found})


def test_the_environment_is_that_of_sandboxes(engine: Engine, host: HostImage) -> None:
    config = engine.inspect(host.id)["Config"]
    assert sorted(config["Env"]) == sorted(f"{name}={value}" for name, value in BASE_ENV.items())
    assert api.labels_of(engine.inspect(host.id))[api.KEY] == host.key


def test_what_is_no_program_has_no_libraries(tmp_path: Path) -> None:
    found = linked(Path("/bin/sh"))
    assert found is not None and found.loader and any(name.startswith("libc.") for name in found.needed)
    whole = Path(os.path.realpath("/bin/sh")).read_bytes()
    for data in (b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF" + b"\xff" * 200, whole[:70], whole[:900]):
        (tmp_path / "x").write_bytes(data)
        assert linked(tmp_path / "x") is None
