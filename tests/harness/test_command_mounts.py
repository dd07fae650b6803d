"""What a `command` may have beside what its task allows: folders of the machine to read, and more room."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from clawc.runtime.bundle import load
from clawc.runtime.engine.choose import Wishes, model_named
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.harness.choose import harness_named
from clawc.runtime.harness.command import Command
from clawc.runtime.player import LocalPlayer
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.run import RunPlan, play_all
from clawc.runtime.sandbox.choose import SandboxChoice, backend_of
from clawc.spec.bundle import Limits
from tests.engine import engine_or_skip
from tests.gateway.test_rollouts import ANSWER, DONE, settings_of, steps
from tests.harness.conftest import MakeBundle
from tests.sandbox.bench import SMALL, Files, sh

AT = "/opt/program"
TRIES = ("echo x > {0}/answer.txt", "echo x > {0}/new", "rm {0}/answer.txt", "mv {0}/run.sh {0}/sub", "rmdir {0}/sub", "chmod 700 {0}",
         "ln -s x {0}/x", "mount -o remount,rw {0}")  # fmt: skip
RUN = "mkdir -p out && cp {0}/answer.txt out/ && umount {0} 2> /dev/null\n" + "".join(
    f"({each}) 2> /dev/null && echo '{each}'\n" for each in TRIES
)


@pytest.fixture
def program() -> Iterator[Path]:
    """A folder that every user may write to, in one that every user may pass through."""
    above = Path(tempfile.mkdtemp())
    above.chmod(0o755)
    folder = above / "program"
    (folder / "sub").mkdir(parents=True)
    (folder / "answer.txt").write_text(ANSWER)
    (folder / "run.sh").write_text(RUN.format(AT) + "echo over\n")
    for path in (folder, *folder.iterdir()):
        path.chmod(0o777)
    yield folder
    shutil.rmtree(above)


@pytest.fixture(params=["bubblewrap", "docker"])
def sandbox(request: pytest.FixtureRequest) -> str:
    """The name of a backend that works here; skips, with the reason, without."""
    if request.param == "docker":
        engine_or_skip().close()
    else:
        request.getfixturevalue("works")
    return str(request.param)


def play(sandbox: str, bundle: Path, out: Path, agent: str, model: str, wishes: Wishes | None = None) -> EpisodeRecord:
    """One episode in a sandbox of that backend."""

    async def main() -> EpisodeRecord:
        player = LocalPlayer(backend_of(SandboxChoice(sandbox, "")), out)
        harness = harness_named(agent, model_named(model, wishes or Wishes()))
        try:
            [record] = (await play_all(RunPlan([load(bundle)], harness, out, retries=0), player)).records
        finally:
            await player.close()
        return record

    return asyncio.run(main())


def of_settings(folder: Path, mounts: str, more: str = "") -> Command:
    path = settings_of(folder, f'argv = ["/bin/sh", "{AT}/run.sh"]\n{more}[mounts]\n{mounts}\n')
    return Command(Path(path), model_named(steps(folder, DONE), Wishes()))


def test_a_program_that_is_mounted(make_bundle: MakeBundle, program: Path, tmp_path: Path, sandbox: str) -> None:
    """It is read and run, nothing of it can be changed, and it has room of its own on top of the task's."""
    more = 'final = "stdout"\nmemory_mib = 64\nprocesses = 7\ndisk_mib = 9\n'
    of_settings(tmp_path, f'"{AT}" = "{program}"', more)
    record = play(
        sandbox, make_bundle(), tmp_path / "run", f"command:{tmp_path}/agent.toml", f"scripted:{tmp_path}/model.json"
    )
    assert (record.outcome, record.score, record.final) == ("ok", "1", "over"), record.evidence
    assert sorted(os.listdir(program)) == ["answer.txt", "run.sh", "sub"]
    assert (program / "answer.txt").read_text() == ANSWER
    task = Limits()
    allowed = {limit.name: limit.allowed for limit in record.limits}
    assert (allowed["memory"], allowed["processes"], allowed["disk"]) == (
        task.memory_bytes + (64 << 20), task.processes + 7, task.disk_bytes + (9 << 20),
    )  # fmt: skip


def test_forks_have_the_folders(program: Path, sandbox: str) -> None:
    async def main() -> None:
        backend = backend_of(SandboxChoice(sandbox, ""))
        try:
            assert (await backend.probe()).ok
            first = await backend.create(Files(), SMALL, {}, mounts={AT: program, "/srv/x": program / "sub"})
            second = await first.fork()
            await first.close()
            look = f"cat {AT}/answer.txt; ls /srv/x; echo x > {AT}/new || echo no"
            assert await sh(second, f"({look}) 2> /dev/null") == f"{ANSWER}no\n"
            await second.close()
        finally:
            await backend.close()

    asyncio.run(main())


def test_a_folder_beside_the_settings(program: Path) -> None:
    """A relative path starts there, and a link is followed once, when the settings are read."""
    (program / "link").symlink_to("sub")
    command = of_settings(program, f'"{AT}" = "sub"\n"/srv/x" = "link"')
    assert command.needs.mounts == {AT: (program / "sub").resolve(), "/srv/x": (program / "sub").resolve()}
    assert (command.needs.memory_bytes, command.needs.processes, command.needs.disk_bytes) == (0, 0, 0)


@pytest.mark.parametrize(
    "at",
    ["/", "/w", "/w/x", "/usr", "/usr/local/x", "/agent", "/tmp/x", "/etc/x", "/opt", "/opt/tools", "/opt/tools/x", "/opt/../w", "/opt/./x",
     "/opt/..", "opt/x", "", "/opt/x/", "/opt//x", "/opt/x:y", "/opt/x\\n"],
)  # fmt: skip
def test_places_that_are_refused(program: Path, at: str) -> None:
    with pytest.raises(RuntimeFault, match="R0405") as fault:
        of_settings(program, f'"{at}" = "{program}"')
    assert "nothing can be mounted at `" in fault.value.message
    assert "/opt/program" in fault.value.help


@pytest.mark.parametrize(
    ("source", "says"),
    [("answer.txt", "answer.txt` is no folder"), ("missing", "missing`: No such file or directory"),
     ("answer.txt/x", "answer.txt/x`: Not a directory"), ("loop", "loop`: Too many levels of symbolic links"),
     ("x" * 300, "`: File name too long")],
    ids=["a file", "nothing", "below a file", "a loop", "a long name"],
)  # fmt: skip
def test_sources_that_are_refused(program: Path, source: str, says: str) -> None:
    (program / "loop").symlink_to("loop")
    with pytest.raises(RuntimeFault, match="R0405") as fault:
        of_settings(program, f'"{AT}" = "{source}"')
    assert says in fault.value.message


@pytest.mark.parametrize("others", ["/opt/program/sub", "/opt/program/sub/x"])
def test_mounts_that_would_hide_one_another(program: Path, others: str) -> None:
    for mounts in ((AT, others), (others, AT)):
        with pytest.raises(RuntimeFault, match="R0405") as fault:
            of_settings(program, "\n".join(f'"{at}" = "{program}"' for at in mounts))
        assert "one lies in the other" in fault.value.message


def test_a_folder_that_others_cannot_pass(program: Path) -> None:
    """As root a sandbox is another user, and would find nothing there."""
    program.parent.chmod(0o700)
    if os.geteuid() != 0:
        assert of_settings(program, f'"{AT}" = "."').needs.mounts == {AT: program.resolve()}
        return
    with pytest.raises(RuntimeFault, match="R0405") as fault:
        of_settings(program, f'"{AT}" = "."')
    assert f"`{program.parent}` lets no other user pass" in fault.value.message
    assert "below /opt" in fault.value.help
