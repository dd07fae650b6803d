"""The kept trajectories as files: `trajectories.<format>` in the folder of the campaign, each whole or as it was before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from clawc.runtime.campaign.played import Reader
from clawc.runtime.campaign.result import Output
from clawc.runtime.campaign.settings import OutputSettings
from clawc.runtime.campaign.whole import new_folder, write_whole
from clawc.runtime.records import EpisodeRecord
from clawc.runtime.trajectory.atif import atif_of
from clawc.runtime.trajectory.chat import write_chat
from clawc.runtime.trajectory.inspect_log import LogHead, write_log
from clawc.runtime.trajectory.own import write_records
from clawc.runtime.trajectory.records import TrajectoryRecord
from clawc.runtime.trajectory.values import as_json

# A reader with the name of the player's run folder.
Named = tuple[str, Reader]


def write_outputs(
    out: Path,
    settings: OutputSettings,
    readers: Mapping[int, Named],
    order: Sequence[tuple[int, EpisodeRecord]],
) -> list[Output]:
    """Every format that is asked for, once. For `chat` and `jsonl` a file with all in their order; for `inspect` a log for each player, for
    `atif` a folder for each player. Raises RuntimeFault R0203 and R0207, and R0901 to R0904 for a trajectory that has changed."""
    written: list[Output] = []
    for format in dict.fromkeys(settings.formats):
        place = out / f"trajectories.{format}"
        if format in ("chat", "jsonl"):
            with write_whole(place) as file:
                if format == "chat":
                    write_chat(_read(readers, order), file, settings.metadata)
                else:
                    write_records(_read(readers, order), file)
        else:
            with new_folder(place) as folder:
                for player, (name, reader) in sorted(readers.items()):
                    records = [record for number, record in order if number == player]
                    if records and format == "inspect":
                        _log(folder / f"{name}.json", reader, records)
                    elif records:
                        _documents(folder / name, reader, records)
        written.append(Output(format=format, path=place.name, trajectories=len(order)))
    return written


def _read(readers: Mapping[int, Named], order: Sequence[tuple[int, EpisodeRecord]]) -> Iterator[TrajectoryRecord]:
    for player, record in order:
        yield from readers[player][1].each([record])


def _log(path: Path, reader: Reader, records: list[EpisodeRecord]) -> None:
    info = reader.info
    tasks = {record.task for record in records}
    name = next(iter(tasks)) if len(tasks) == 1 else f"run-{info.run_id}"
    with open(path, "xb") as file:
        write_log(LogHead(info.run_id, name, info.agent, info.created, info.clawc), reader.each(records), file)


def _documents(folder: Path, reader: Reader, records: list[EpisodeRecord]) -> None:
    folder.mkdir()
    for record in records:
        for found in reader.each([record]):
            (folder / f"{record.key}.json").write_bytes(as_json(atif_of(found)).encode() + b"\n")
