"""What programs of agents do that must not be believed, must not take the runner's time and memory, and must not be taken for our own
failures; and failures of our own that are none of theirs."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from clawc.runtime.bundle import load
from clawc.runtime.doctor import install_agent
from clawc.runtime.engine.choose import Wishes, model_named
from clawc.runtime.engine.meaning import meaning
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway import differences
from clawc.runtime.gateway.differences import Account, Answer, told_otherwise
from clawc.runtime.harness import account
from clawc.runtime.harness.choose import harness_named
from clawc.runtime.harness.command import Command, CommandAgent
from clawc.runtime.harness.interface import Final, Task, Tools
from clawc.runtime.harness.mounts import mount_of
from clawc.runtime.harness.npm import install, node, turns
from clawc.runtime.harness.npm.install import NODE, PI
from clawc.runtime.harness.openclaw import agent
from clawc.runtime.harness.program import Ended
from clawc.runtime.player import LocalPlayer
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.run import RunPlan, play_all
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.sandbox.interface import Collected, FileProblem, Sandbox
from clawc.runtime.sandbox.pods import Pods
from tests.gateway.test_rollouts import DONE, run, settings_of, steps
from tests.harness.conftest import MakeBundle, agent_or_skip
from tests.sandbox.bench import SMALL, Files, sh

ASKS = """import json, os, sys, time, urllib.request
body = json.dumps({"messages": [{"role": "user", "content": "x"}]}).encode()
urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:8000/v1/chat/completions", body)).read()
"""
DAEMON = """print("over", flush=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(100)
    os._exit(0)
"""
CHILD = """print("over", flush=True)
if os.fork() == 0:
    time.sleep(100)
"""


def played(make_bundle: MakeBundle, folder: Path, program: str, more: str = "", wall_s: int = 6) -> EpisodeRecord:
    """An episode of a program that has asked its model once."""
    (folder / "agent.py").write_text(ASKS + program)
    text = f'argv = ["python3", "{{home}}/agent.py"]\nfinal = "last_line"\n{more}\n[files]\n"agent.py" = "agent.py"\n'
    settings, model = settings_of(folder, text), steps(folder, DONE)
    [record] = run(make_bundle(limits={"wall_s": wall_s}), folder / "run", f"command:{settings}", model)
    return record


@pytest.mark.parametrize("left", [DAEMON, CHILD], ids=["a daemon", "a child"])
@pytest.mark.usefixtures("works")
def test_what_is_left_running(make_bundle: MakeBundle, tmp_path: Path, left: str) -> None:
    """It holds the program's output open, which ends with the program all the same."""
    record = played(make_bundle, tmp_path, left)
    assert (record.outcome, record.final) == ("ok", "over"), record.evidence


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("print('not read')", "not read"),
        ("print('x' * 3_000_000, flush=True); print(len(sys.stdin.read()), file=sys.stderr)", "x" * 1_000),
        ("print(len(sys.stdin.read()))", "900000"),
    ],
    ids=["never", "after a flood", "at once"],
)
@pytest.mark.usefixtures("works")
def test_long_input_is_read_when_the_program_likes(
    make_bundle: MakeBundle, tmp_path: Path, program: str, says: str
) -> None:
    record = played(make_bundle, tmp_path, program, f'stdin = "{"z" * 900_000}"')
    assert (record.outcome, record.final[:1_000]) == ("ok", says), record.evidence


# --- what a harness makes of the model's answers


def told(text: str, *arguments: str) -> dict[str, Any]:
    calls = [{"id": "a", "type": "function", "function": {"name": "write", "arguments": each}} for each in arguments]
    return {"role": "assistant", "content": text, "tool_calls": calls}


def test_a_long_conversation_takes_little_memory() -> None:
    """Each call brings all of its messages anew; they are not kept."""
    found = Account()
    messages: list[dict[str, Any]] = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
    tracemalloc.start()
    try:
        for number in range(1, 101):
            found.asked(number, json.loads(json.dumps(messages)))
            said = told(f"{number}", '{"path": "a"}')
            found.answered(Answer(number, f"id-{number}", said))
            found.delivered(number)
            messages += [said, {"role": "tool", "tool_call_id": "a", "content": f"{number}" * 5_000}]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(found.answers), sum(found.counts.values())) == (100, 0)
    assert taken < 4 << 20  # of 75 MB that were asked


def test_calls_that_are_never_answered_are_forgotten() -> None:
    found = Account()
    for number in range(1_000):
        found.asked(number, [{"role": "user", "content": "u"}] * 3)
    assert len(found._asked) <= 16  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(
    ("was", "became", "kind"),
    [
        ('{"a": 1}', '{"a": true}', "arguments_changed"),
        ('{"a": [0]}', '{"a": [false]}', "arguments_changed"),
        ('{"a": 1.0}', '{"a":1}', "arguments_respelt"),
        ('{"a": [1, {"b": null}]}', '{"a":[1,{"b":null}]}', "arguments_respelt"),
        ('{"a": []}', '{"a": {}}', "arguments_changed"),
        ('{"a": [1]}', '{"a": [1, 2]}', "arguments_changed"),
    ],
)
def test_what_is_the_same_json(was: str, became: str, kind: str) -> None:
    [found] = told_otherwise(Answer(1, "id-1", told("", was)), told("", became))
    assert found.kind == kind


def test_many_calls_in_one_message_are_compared_in_one_go() -> None:
    """As many as a body can hold, against as many as a model may make: each is looked at once."""
    said, became = told("", *["{}"] * 2_000), told("", *["{}"] * 60_000)
    for number, call in enumerate(became["tool_calls"]):
        call["function"]["name"] = "write" if number >= 58_000 else f"other{number}"
    found = list(told_otherwise(Answer(1, "id-1", said), became))
    assert len(found) == 58_000 and {each.kind for each in found} == {"call_added"}
    assert found[0].became == "other0 {}"


def test_long_arguments_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would take seconds to read is compared as it is spelled."""
    sizes: list[int] = []

    def counted(message: Mapping[str, object]) -> list[object]:
        sizes.append(len(str(message.get("tool_calls"))))
        return meaning(message)

    monkeypatch.setattr(differences, "meaning", counted)
    long = told("", "[" + "[1]," * 125_000 + "1]")
    asked: list[Any] = [{"role": "user", "content": "u"}, *[long] * 16]
    found = Account()
    for number in (1, 2):
        found.asked(number, asked)
        found.answered(Answer(number, f"{number}", told("x")))
        found.delivered(number)
    assert len(sizes) == 2 * 3 and dict(found.counts) == {"answer_dropped": 1}


# --- session files


HEADER = '{"type": "session", "version": 3, "id": "s", "timestamp": "2026-01-01T00:00:00Z", "cwd": "/w"}\n'


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"type":"custom","id":"a","parentId":null,"data":[' + "[]," * 1_500_000 + "[]]}", "2 MiB beside its texts"),
        ('{"type":"custom","id":"a","parentId":null,"data":[' + '"",' * 3_000_000 + '""]}', "2 MiB beside its texts"),
        ('{"a":' * 200_000, "line 2"),
        ('{"type":"message","id":"a","parentId":null,"message":' + "9" * 5_000 + "}", "line 2"),
        ("\0" * 100, "line 2"),
        ('"' + "x" * (17 << 20), "at most 16 MiB"),
    ],
    ids=["lists", "texts", "deep", "digits", "nul", "long"],
)
def test_session_files_that_would_take_long(tmp_path: Path, line: str, says: str) -> None:
    copied = tmp_path / "copied"
    copied.mkdir()
    (copied / "a\n\x1b[31m.jsonl").write_text(HEADER + line)
    document = account._read(tmp_path / "kept", copied, ())  # pyright: ignore[reportPrivateUsage]
    assert json.loads(json.dumps(document)) == document
    assert says in str(document["unreadable"])


def test_a_folder_that_was_not_copied_whole_is_told_of(tmp_path: Path) -> None:
    class Full:
        async def copy(self, path: str, dest: Path) -> Collected:
            dest.mkdir()
            return Collected(0, 0, (), "bytes", (), 0)

    events: list[tuple[str, Mapping[str, object]]] = []

    def note(event: str, data: Mapping[str, object]) -> None:
        events.append((event, data))

    asyncio.run(account.note_account(note, Account(), tmp_path, cast("Sandbox", Full()), "/agent/sessions"))
    [(event, data)] = events
    assert (event, data["over"], os.listdir(tmp_path)) == ("transcript", "bytes", ["transcripts"])


def test_session_files_are_bounded_together(tmp_path: Path) -> None:
    copied, kept = tmp_path / "copied", tmp_path / "kept"
    copied.mkdir()
    for number in range(12):
        (copied / f"{number:02}.jsonl").write_text(HEADER + " " * (5 << 20))
    document = account._read(kept, copied, ())  # pyright: ignore[reportPrivateUsage]
    assert (document["files"], document["left_out"]) == (["1.jsonl", "2.jsonl", "3.jsonl"], 4)
    assert sum(file.stat().st_size for file in kept.iterdir()) <= 16 << 20


# --- folders of the machine


@pytest.mark.parametrize("source", ["/", "/proc", "/proc/self", "/sys/kernel", "/dev", "/run", "/var/run", "/../"])
def test_what_speaks_for_the_machine_is_not_mounted(source: str) -> None:
    with pytest.raises(RuntimeFault, match=r"R0405.*speaks for this machine") as fault:
        mount_of("/opt/x", Path(source))
    assert "no more" in fault.value.help


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user may pass through."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.mark.usefixtures("works")
def test_a_folder_that_is_gone_while_it_is_used(
    make_bundle: MakeBundle, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program fails by what was done to it, so that nobody has failed; what comes in its place is used by the next sandbox."""
    program, other = folder / "program", folder / "other"
    for each in (program, other):
        each.mkdir()
        (each / "run.sh").write_text(f"echo {each.name}; exit {int(each == program)}\n")
    text = 'argv = ["/bin/sh", "/opt/x/run.sh"]\nfinal = "stdout"\n[mounts]\n"/opt/x" = "' + str(program) + '"\n'
    harness = Command(Path(settings_of(tmp_path, text)), model_named(steps(tmp_path, DONE), Wishes()))

    class Swapping(CommandAgent):
        async def run(self, task: Task, tools: Tools) -> Final:
            final = await CommandAgent.run(self, task, tools)
            if other.exists():
                shutil.rmtree(program)
                other.rename(program)
            return final

    def swapping(bundle: object) -> CommandAgent:
        return Swapping(harness.settings, {})

    monkeypatch.setattr(harness, "agent", swapping)

    async def main() -> list[EpisodeRecord]:
        player = LocalPlayer(Bubblewrap(), tmp_path / "run")
        try:
            return list((await play_all(RunPlan([load(make_bundle())], harness, tmp_path / "run"), player)).records)
        finally:
            await player.close()

    [record] = asyncio.run(main())
    assert (record.attempt, record.outcome, record.final) == (2, "ok", "other"), record.evidence


@pytest.mark.usefixtures("works")
def test_pods_with_folders_do_not_pile_up(folder: Path) -> None:
    async def main() -> tuple[list[str], int]:
        backend = Bubblewrap()
        said: list[str] = []
        try:
            assert (await backend.probe()).ok
            held = None
            for number in range(7):
                (folder / f"{number}").mkdir()
                (folder / f"{number}/name").write_text(f"{number}")
                session = await backend.create(Files(), SMALL, {}, mounts={"/opt/x": folder / f"{number}"})
                said.append(await sh(session, "cat /opt/x/name"))
                if number == 0:
                    held = session
                else:
                    await session.close()
            assert held is not None
            starter = cast("Pods", backend._ground.starter)  # type: ignore[union-attr] # pyright: ignore
            count = sum(1 for _, mounts in starter._pods if mounts)  # pyright: ignore[reportPrivateUsage]
            said.append(await sh(held, "cat /opt/x/name"))
            shutil.rmtree(folder / "1")
            with pytest.raises(RuntimeFault, match=r"R0302: cannot mount .*No such file"):
                await backend.create(Files(), SMALL, {}, mounts={"/opt/x": folder / "1"})
            return said, count
        finally:
            await backend.close()

    said, count = asyncio.run(main())
    assert said == [*"01234560"] and count <= 5


# --- installations


NPM = """#!/bin/sh
mkdir -p node_modules/{main} && rmdir node_modules/{main} && echo > node_modules/{main} && mkdir node_modules/a
echo '{{}}' > node_modules/a/package.json; echo made >> {log}
echo '{{"packages": {{"node_modules/a": {{}}}}}}' > node_modules/.package-lock.json
"""


@pytest.fixture
def agents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for agents, whose folder does not exist yet."""
    monkeypatch.setenv("CLAWC_AGENTS", str(tmp_path / "a b,c:d/agents"))
    monkeypatch.setattr(install, "_FOR_ALL", tmp_path / "all")
    return tmp_path / "a b,c:d/agents"


def npm(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A program that stands for npm."""
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin/npm").write_text(text)
    (folder / "bin/npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}/bin:/usr/bin:/bin")


def test_an_installation_of_which_parts_are_gone(agents: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is made again, once; a whole one stays. All users may pass, whatever the umask is."""
    log = tmp_path / "log"
    npm(tmp_path, monkeypatch, NPM.format(main=PI.main, log=log))
    before = os.umask(0o077)
    try:
        found = install.install(PI)
    finally:
        os.umask(before)
    for path in (agents.parent, agents, found, found / "node_modules"):
        assert path.stat().st_mode & 0o055 == 0o055, path
    assert install.install(PI) == found
    assert log.read_text() == "made\n"
    for gone in (found / "node_modules/a", found / "node_modules", found / "node_modules" / PI.main):
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
        assert install.install(PI) == found
        assert install.installed(PI) == found
    assert log.read_text() == "made\n" * 4
    assert sorted(os.listdir(agents)) == [found.name, f"{found.name}.lock"]


def test_what_npm_says_is_told_without_secrets(agents: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPM_TOKEN", "npm_abcdefgh")
    says = "npm error $NPM_TOKEN https://me:pw123@host/x _authToken=t0k3n Authorization: Bearer b3ar3r \\033[31m"
    npm(tmp_path, monkeypatch, f'#!/bin/sh\nprintf "{says}" >&2\nexit 1\n')
    with pytest.raises(RuntimeFault, match=r"R0408.*npm error") as fault:
        install.install(PI)
    for secret in ("npm_abcdefgh", "pw123", "t0k3n", "b3ar3r", "\x1b"):
        assert secret not in str(fault.value) + fault.value.help
    assert "host/x" in fault.value.message


def test_an_npm_that_never_ends(agents: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended with all that it has started, and nothing is left of what it has fetched."""
    monkeypatch.setattr(install, "_PATIENCE_S", 0.3)
    npm(tmp_path, monkeypatch, f"#!/bin/sh\nsleep 100 & echo $! > {tmp_path}/pid; mkdir x; wait\n")
    with pytest.raises(RuntimeFault, match=r"R0408.*npm did not end within 0\.3 s"):
        install.install(PI)
    assert [name for name in os.listdir(agents) if not name.endswith(".lock")] == []
    stat = Path("/proc", (tmp_path / "pid").read_text().strip(), "stat")
    assert not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] in "ZX"


@pytest.mark.parametrize("place", ["{0}/file", "{0}/file/x", "{0}/" + "x" * 300, "{0}/loop/x"])
def test_odd_places_for_agents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.setenv("CLAWC_AGENTS", place.format(tmp_path))
    monkeypatch.setattr(install, "_FOR_ALL", tmp_path / "all")
    npm(tmp_path, monkeypatch, "#!/bin/sh\n")
    assert install.installed(PI) is None
    with pytest.raises(RuntimeFault, match=r"R0408: pi 0\.73\.1 cannot be installed"):
        install.install(PI)


# --- what agents of npm are told


@pytest.mark.parametrize(
    ("text", "says"),
    [("a\0b", "a NUL"), ("", "no empty message"), (" \n", "no empty message"), ("x" * (128 << 10), "128 KiB"), ("\ud800", "not Unicode")],
    ids=["nul", "empty", "blank", "long", "half a letter"],
)  # fmt: skip
def test_what_openclaw_cannot_be_told(text: str, says: str) -> None:
    with pytest.raises(FileProblem, match=says):
        agent._require_sayable(text)  # pyright: ignore[reportPrivateUsage]
    agent._require_sayable("--help\n@x " * 1_000)  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("texts", [["x" * 100_000] * 3, ["\udc80" * 900] * 1_000, ["a", "b"], []])
def test_what_a_program_prints_is_noted_within_bounds(texts: list[str]) -> None:
    ended = Ended("", "", 0)
    noted = turns._noted(0, ended, texts, {"b"})  # pyright: ignore[reportPrivateUsage]
    unheard = cast("list[str]", noted.get("unheard", []))
    assert len(json.dumps(noted)) <= 12 * 40_000 and sum(map(len, unheard)) <= 20_000
    assert bool(unheard) == bool(texts) and "b" not in unheard


@pytest.mark.parametrize("system", ["a\\u0000", "x" * 30_001])
def test_what_is_no_argument_is_no_system_prompt(tmp_path: Path, system: str) -> None:
    settings = settings_of(tmp_path, f'system = "{system}"')
    with pytest.raises(RuntimeFault, match=r"R0404.*`system`"):
        harness_named(f"pi:{settings}", model_named(steps(tmp_path, DONE), Wishes()))


def test_what_an_earlier_turn_has_compiled_is_not_run(tmp_path: Path) -> None:
    """An agent could have planted code there. What is behind a link in its place stays."""
    ours, theirs, cache = tmp_path / "compiled", tmp_path / "theirs", tmp_path / "cache"
    (ours / "v24-1000").mkdir(parents=True)
    theirs.mkdir()
    (theirs / "kept").touch()
    _, _, start, _, *_ = node.command(PI, [])
    line = ["/bin/sh", "-c", start, str(ours), "/bin/ls", str(cache)]
    linked = f"v24-{os.getuid()}\n"
    for plant in ("true", 'mkdir "$0/planted"', 'rm -r "$0" && ln -s "$1" "$0"', 'rm -r "$0" && mkfifo "$0"'):
        subprocess.run(["/bin/sh", "-c", plant, str(cache), str(theirs)], check=True)
        env = {"NODE_COMPILE_CACHE": str(cache), "PATH": "/usr/bin:/bin"}
        assert subprocess.run(line, env=env, capture_output=True, text=True, check=True).stdout == linked
        assert (cache / linked.strip()).resolve() == ours / "v24-1000"
    assert os.listdir(theirs) == ["kept"]


@pytest.mark.nightly
@pytest.mark.usefixtures("works")
def test_an_installation_is_compiled_by_one_of_two(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one that was killed has left is removed."""
    agent_or_skip("pi")
    for package in (NODE, PI):
        found = install.require(package)
        shutil.copytree(found, folder / "a:b,c" / found.name, symlinks=True, ignore=shutil.ignore_patterns("compiled"))
    monkeypatch.setenv("CLAWC_AGENTS", str(folder / "a:b,c"))
    monkeypatch.setattr(install, "_FOR_ALL", folder / "all")
    made = install.require(PI)
    (made / ".compiled-left").mkdir()
    line = [sys.executable, "-m", "clawc", "doctor", "--install", "pi"]
    both = [subprocess.Popen(line, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [each.communicate()[0].rstrip().rpartition(", ")[2] for each in both] == ["and starts"] * 2
    assert sorted(os.listdir(made)) == ["compiled", "node_modules", "package-lock.json", "package.json"]
    [compiled] = (made / "compiled").iterdir()
    assert os.listdir(compiled) and compiled.stat().st_mode & 0o055 == 0o055


@pytest.mark.parametrize("passable", [True, False])
@pytest.mark.usefixtures("works")
def test_an_installation_that_does_not_start(folder: Path, monkeypatch: pytest.MonkeyPatch, passable: bool) -> None:
    """That is an error, and no installation that was not tried."""
    monkeypatch.setenv("CLAWC_AGENTS", str(folder / "agents"))
    monkeypatch.setattr(install, "_FOR_ALL", folder / "all")
    npm(folder, monkeypatch, NPM.format(main="$(cat ../../main)", log="/dev/null"))
    for package in (NODE, PI):
        (folder / "agents").mkdir(exist_ok=True)
        (folder / "agents/main").write_text(package.main)
        made = install.install(package)
        (made / "node_modules" / package.main).chmod(0o755)
    (folder / "agents").chmod(0o755 if passable else 0o700)
    if not passable and os.geteuid() != 0:
        pytest.skip("only sandboxes of root are another user")
    with pytest.raises(RuntimeFault, match="R0408: pi does not start: it has not" if passable else "R0405: "):
        install_agent("pi")
    assert not (made / "compiled").exists()
