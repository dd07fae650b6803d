"""The folder of a campaign: bundles, a run folder for each player, and what came of it. One process works on it at a time.

Which run folder is whose follows from what the folders hold: a player goes on in the run of its very agent and model, and no run folder
ever holds episodes of two of them.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from clawc.runtime.bundle import Bundle
from clawc.runtime.campaign.settings import PlayerSettings
from clawc.runtime.campaign.whole import write_whole
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.budget import LEDGER
from clawc.runtime.records import RunInfo, RunTask
from clawc.runtime.store.journal import fault_of, make_folder, real_folder
from clawc.runtime.store.run_folder import EPISODES, RUN, read_info
from clawc.spec.bundle import Manifest

LOCK = "campaign.lock"
PLAYERS = "players"
BUNDLES = "bundles"


class Seat(NamedTuple):
    """The run folder of a player; `info` is None where nothing was played yet."""

    name: str
    folder: Path
    info: RunInfo | None


@contextmanager
def campaign_folder(out: Path) -> Generator[None]:
    """Make the folder, or continue the campaign in it, alone. Raises RuntimeFault R0975 for a folder of something else, R0977 while
    another process works on it, R0206 for links in it, R0203 and R0207 where it cannot be written."""
    from clawc.runtime.sandbox.lock import lock_file

    try:
        out.mkdir(parents=True, exist_ok=True)
        if not os.path.lexists(out / LOCK) and any(out.iterdir()):
            raise RuntimeFault("R0975", f"`{out}` holds something else than a campaign", "Give another --out.")
        fd = os.open(out / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
    except FileExistsError as error:
        raise RuntimeFault("R0975", f"`{out}` is not a folder", "Give another --out.") from error
    except OSError as error:
        raise fault_of(error, out) from error
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise RuntimeFault("R0975", f"`{out / LOCK}` is not a regular file", "Give another --out.")
        if not lock_file(fd) or not _is_at(fd, out / LOCK):
            raise RuntimeFault("R0977", f"another process works on `{out}`", "Wait for it, or give another --out.")
        try:
            make_folder(out / PLAYERS)
            if os.path.lexists(out / BUNDLES):
                real_folder(out / BUNDLES)
        except OSError as error:
            raise fault_of(error, out) from error
        yield
    finally:
        with suppress(OSError):  # where nothing was played, nothing is left
            (out / PLAYERS).rmdir()
            if os.listdir(out) == [LOCK]:
                (out / LOCK).unlink()
                out.rmdir()
        os.close(fd)


def _is_at(fd: int, path: Path) -> bool:
    """Whether the open file still stands there."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(fd), os.lstat(path))
    return False


def base_name(player: PlayerSettings) -> str:
    """The name of a player unless it must be told from others: of letters, digits, `.`, `_` and `-`."""
    return player.name or "-".join(part for part in (_label(player.agent), _label(player.model)) if part) or "player"


def seats(
    out: Path, file: Path, players: Sequence[PlayerSettings], agents: Sequence[str | None], seed: int
) -> list[Seat]:
    """The run folder of each player, in their order; `agents` are the names that their runs have, None for one that cannot play. Raises
    RuntimeFault R0973 for a player that is there twice, R0976 for one whose parameters have changed and for another seed, R0206 for a
    run folder that is a link."""
    there = _runs(out / PLAYERS)
    found: dict[int, Seat] = {}
    taken: set[str] = set()
    for number, (player, agent) in enumerate(zip(players, agents)):
        same = next((n for n in range(number) if agent is not None and agents[n] == agent), None)
        if same is not None:
            raise RuntimeFault(
                "R0973", f"`{file}`: `players[{number}]`: it is the same as `players[{same}]`",
                "Ask for more `episodes` instead.",
            )  # fmt: skip
        for name in _with_base(there, base_name(player)):
            if there[name].agent == agent and name not in taken:
                found[number] = Seat(name, out / PLAYERS / name, there[name])
                taken.add(name)
                break
    for number, player in enumerate(players):
        free = [name for name in _with_base(there, base_name(player)) if name not in taken]
        if agents[number] is None and free:  # what it has played when it still could
            found[number] = Seat(free[0], out / PLAYERS / free[0], there[free[0]])
            taken.add(free[0])
    for number, player in enumerate(players):
        if number in found:
            continue
        free = [name for name in _with_base(there, base_name(player)) if name not in taken]
        if free:
            raise RuntimeFault(
                "R0976", f"`{file}`: `players[{number}]`: `{out / PLAYERS / free[0]}` was played with other parameters, as `{there[free[0]].agent}`",
                "Put them back, or give the player another `name` to play it anew beside the old one, or give another --out.",
            )  # fmt: skip
        used = {name.lower() for name in (*taken, *there)}
        name = next(name for name in _numbered(base_name(player)) if name.lower() not in used)
        taken.add(name)
        found[number] = Seat(name, out / PLAYERS / name, None)
    for _, seat in sorted(found.items()):
        if seat.info is not None and seat.info.seed != seed:
            raise RuntimeFault(
                "R0976", f"`{file}`: `seed`: `{seat.folder}` was played with the seed {seat.info.seed}",
                f"Put `seed = {seat.info.seed}` back, or give another --out.",
            )  # fmt: skip
    return [found[number] for number in range(len(players))]


def require_same_tasks(file: Path, seats: Sequence[Seat], manifests: Sequence[Manifest]) -> None:
    """Raises RuntimeFault R0976 for a task that is another one than was played under its name, R0974 for one that is given twice."""
    wanted: dict[str, set[str]] = {}
    for manifest in manifests:
        ids = wanted.setdefault(manifest.task, set())
        if manifest.id in ids:
            raise RuntimeFault(
                "R0974", f"`{file}`: `tasks`: the bundle of `{manifest.task}` is there twice", "Remove one."
            )
        ids.add(manifest.id)
    for seat in seats:
        played: dict[str, set[str]] = {}
        for task in seat.info.tasks if seat.info else ():
            played.setdefault(task.task, set()).add(task.bundle_id)
        for name, ids in played.items():
            if name in wanted and not ids & wanted[name]:
                raise RuntimeFault(
                    "R0976", f"`{file}`: `tasks`: `{name}` is another task than was played in `{seat.folder}`",
                    "Put it back, or give it another name, or give another --out.",
                )  # fmt: skip


def set_tasks(seat: Seat, bundles: Sequence[Bundle]) -> None:
    """Have the run of a player be one of these bundles. Episodes of others stay in its journal and are not looked at."""
    info = seat.info
    if info is None or {task.bundle_id for task in info.tasks} == {bundle.manifest.id for bundle in bundles}:
        return
    tasks = tuple(
        RunTask(
            task=bundle.manifest.task,
            bundle_id=bundle.manifest.id,
            path=os.fsencode(bundle.path).decode("utf-8", "replace"),
        )
        for bundle in bundles
    )
    text = info.model_copy(update={"tasks": tasks}).model_dump_json(indent=2) + "\n"
    with write_whole(seat.folder / RUN) as file:
        file.write(text.encode())


def ledgers(out: Path) -> list[Path]:
    """What calls of all players have cost, also of those that the file no longer names."""
    return [
        out / PLAYERS / name / LEDGER
        for name in sorted(_runs(out / PLAYERS))
        if (out / PLAYERS / name / LEDGER).exists()
    ]


def _runs(players: Path) -> dict[str, RunInfo]:
    """The run folders that hold a run, by name. Raises RuntimeFault R0206 for a link."""
    found: dict[str, RunInfo] = {}
    for name in sorted(os.listdir(players)):
        real_folder(players / name)
        if os.path.lexists(players / name / RUN) or os.path.lexists(players / name / EPISODES):
            if os.path.lexists(players / name / RUN) or os.path.getsize(players / name / EPISODES):
                found[name] = read_info(players / name)
    return found


def _with_base(there: Mapping[str, RunInfo], base: str) -> list[str]:
    return [name for name in there if name.partition("+")[0].lower() == base.lower()]


def _numbered(base: str) -> Generator[str]:
    yield base
    number = 2
    while True:
        yield f"{base}+{number}"
        number += 1


def _label(name: str) -> str:
    """An agent's or a model's name as a part of that of a folder."""
    kind, _, rest = name.partition(":")
    if kind in ("http", "https"):
        name = rest.partition("#")[2] or rest
    elif rest:
        name = f"{kind}-{Path(rest).stem}"
    return re.sub(r"[^A-Za-z0-9._]+", "-", name).strip("-._")[:40]
