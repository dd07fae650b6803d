"""Snapshots and forks: what was written before is there, what is written after is not, for all who share the files."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from clawc.runtime.sandbox.finish import finish
from clawc.runtime.sandbox.interface import Sandbox, SandboxEnded, Snapshot
from tests.sandbox.bench import SMALL, Bench, Files, appears, ended, processes, py, sh, vanishes, word
from tests.sandbox.case import Table
from tests.sandbox.cases_collect import tree

SNAPSHOTS = Table(needs="snapshot")

_LOOK = "find . | sort; find . -type f | sort | xargs cat"


async def _forked(stack: AsyncExitStack, sandbox: Sandbox) -> Sandbox:
    """A fork that is closed with the stack."""
    made = await sandbox.fork()
    stack.push_async_callback(lambda: finish(made.close()))
    return made


@SNAPSHOTS.case(
    "writes, is forked, writes again",
    "the fork has what was written before and nothing of after, and so the other way round",
)
async def fork_sees_before_only(bench: Bench) -> None:
    async with bench.sandbox() as parent, AsyncExitStack() as stack:
        await sh(
            parent,
            "echo before > a; echo more >> in/data.txt; mkdir made; echo deep > made/b; chmod 750 made/b; ln -s a link",
        )
        child = await _forked(stack, parent)
        seen = await sh(child, _LOOK)
        assert seen == await sh(parent, _LOOK)
        assert "before" in seen and "data\nmore" in seen
        assert await sh(child, "stat -c %a made/b; readlink link") == "750\na\n"
        await sh(parent, "echo after > c; echo after >> a; rm made/b")
        assert await sh(child, _LOOK) == seen
        await sh(child, "echo child > d; rm a; echo child > in/data.txt")
        assert (
            await sh(parent, "ls d; cat a in/data.txt; ls c")
            == "before\nafter\ndata\nmore\nc\nls: cannot access 'd': No such file or directory\n"
        )


@SNAPSHOTS.case(
    "deletes files and folders of the template, is forked, makes some anew",
    "they are gone in the fork, and what is there anew is empty of the old",
)
async def fork_keeps_deletions(bench: Bench) -> None:
    async with bench.sandbox() as parent, AsyncExitStack() as stack:
        await sh(
            parent, "rm in/data.txt; rm -r in/deep; mkdir in/deep; echo new > in/deep/only; rm in/tool; mkdir in/tool"
        )
        child = await _forked(stack, parent)
        assert await sh(child, "find in | sort") == "in\nin/deep\nin/deep/only\nin/tool\n"
        await sh(child, "rm -r in")
        grandchild = await _forked(stack, child)
        assert await sh(grandchild, "ls -A") == ""
        await sh(grandchild, "mkdir in; echo again > in/data.txt")
        found = await grandchild.collect(bench.folder / "grandchild")
        assert tree(bench.folder / "grandchild") == {"in/data.txt": b"again\n"}, found
        await child.collect(bench.folder / "child")
        assert tree(bench.folder / "child") == {}
        await parent.collect(bench.folder / "parent")
        assert tree(bench.folder / "parent") == {"in/deep/only": b"new\n"}


@SNAPSHOTS.case("is forked twice", "the forks do not see each other")
async def forks_apart(bench: Bench) -> None:
    async with bench.sandbox() as parent, AsyncExitStack() as stack:
        await sh(parent, "echo shared > s")
        one, two = await _forked(stack, parent), await _forked(stack, parent)
        await asyncio.gather(
            sh(one, "echo one >> s; touch one; rm in/tool"), sh(two, "echo two >> s; touch two; rm -r in/deep")
        )
        assert await sh(one, "cat s; ls; ls in") == "shared\none\nin\none\ns\ndata.txt\ndeep\n"
        assert await sh(two, "cat s; ls; ls in") == "shared\ntwo\nin\ns\ntwo\ndata.txt\ntool\n"
        assert await sh(parent, "cat s; ls; ls in") == "shared\nin\ns\ndata.txt\ndeep\ntool\n"


@SNAPSHOTS.case("is forked and both are ruined", "template and parent are as they were")
async def fork_leaves_template_and_parent(bench: Bench) -> None:
    ruin = "rm -rf in; echo x > in; chmod 777 .; touch -d @0 ."
    async with bench.sandbox() as parent, AsyncExitStack() as stack:
        await sh(parent, "echo kept > kept")
        before = await sh(parent, "find . -exec stat -c '%n %a %F %s' {} + | sort; cat in/data.txt")
        snapshot = await parent.snapshot()
        for _ in range(2):
            await sh(await _forked(stack, parent), ruin)
            async with bench.sandbox(template=snapshot) as started:
                assert await sh(started, "cat kept in/data.txt") == "kept\ndata\n"
                await sh(started, ruin)
        await snapshot.release()
        assert await sh(parent, "find . -exec stat -c '%n %a %F %s' {} + | sort; cat in/data.txt") == before
    async with bench.sandbox() as fresh:
        assert await sh(fresh, "ls; cat in/data.txt") == "in\ndata\n"


@SNAPSHOTS.case(
    "is forked, and the fork is forked, five deep",
    "each has all that was written above it, deletions too, and nothing of below",
)
async def forks_of_forks(bench: Bench) -> None:
    async with bench.sandbox() as first, AsyncExitStack() as stack:
        line = [first]
        for depth in range(5):
            await sh(line[-1], f"echo {depth} >> chain; echo {depth} > only{depth}; rm -f only{depth - 2}")
            line.append(await _forked(stack, line[-1]))
        for depth, sandbox in enumerate(line):
            written = list(range(min(depth + 1, 5)))
            expected = "".join(f"{n}\n" for n in written)
            kept = "".join(f"only{n}\n" for n in written[-2:])
            assert await sh(sandbox, "cat chain; ls -d only*; cat in/data.txt") == expected + kept + "data\n", depth
        await line[-1].collect(bench.folder / "dest")
        assert set(tree(bench.folder / "dest")) == {*Files.FILES, "chain", "only3", "only4"}


@SNAPSHOTS.case("is forked, and closed while the fork runs", "the fork goes on, and can be forked")
async def fork_outlives_parent(bench: Bench) -> None:
    async with AsyncExitStack() as stack:
        async with bench.sandbox() as parent:
            await sh(parent, "echo before > a; rm in/tool")
            child = await _forked(stack, parent)
        assert await sh(child, "cat a in/data.txt; ls in") == "before\ndata\ndata.txt\ndeep\n"
        grandchild = await _forked(stack, child)
        await child.close()
        assert await sh(grandchild, "cat a in/data.txt; ls in") == "before\ndata\ndata.txt\ndeep\n"


@SNAPSHOTS.case(
    "writes all the time while it is forked", "the fork has the files of one moment: none torn, none ahead of another"
)
async def fork_while_writing(bench: Bench) -> None:
    mark = word()
    writer = f"""
import itertools, os
"{mark}"
for n in itertools.count():
    for name in ("a", "b"):
        with open(f"/w/{{name}}.new", "w") as file:
            file.write(f"{{n}} " * 2000)
        os.replace(f"/w/{{name}}.new", f"/w/{{name}}")
"""
    async with bench.sandbox() as parent, AsyncExitStack() as stack:
        await parent.put("/tmp/writer.py", writer.encode())
        await sh(parent, "setsid python3 /tmp/writer.py >/dev/null 2>&1 & while [ ! -e /w/b ]; do sleep 0.01; done")
        for _ in range(5):
            child = await _forked(stack, parent)
            values = [set((await sh(child, f"cat {name}")).split()) for name in "ab"]
            assert all(len(value) == 1 for value in values), values
            first, second = (int(next(iter(value))) for value in values)
            assert first - second in (0, 1), (first, second)
        before = int((await sh(parent, "cut -d' ' -f1 a")) or 0)
        await asyncio.sleep(0.1)
        assert int((await sh(parent, "cut -d' ' -f1 a")) or 0) > before, "it does not go on"


@SNAPSHOTS.case(
    "has processes when it is forked", "the fork has none of them, nor /tmp and /dev/shm; the parent's go on"
)
async def fork_has_no_processes(bench: Bench) -> None:
    mark = word()
    async with bench.sandbox() as parent, AsyncExitStack() as stack:
        await sh(parent, f"setsid sleep {mark} >/dev/null 2>&1 & echo x > /tmp/x; echo x > /dev/shm/x")
        await appears(mark)
        child = await _forked(stack, parent)
        assert mark not in await sh(child, "cat /proc/*/cmdline | tr '\\0' ' ' | grep -v cat")
        assert await sh(child, "ls /tmp /dev/shm | grep -c x; :") == "0\n"
        assert len(processes(mark)) == 1
        assert await sh(parent, "cat /tmp/x") == "x\n"
    await vanishes(mark)


@SNAPSHOTS.case(
    "is forked with limits and an environment of its own", "the fork has the same, and its own count of each"
)
async def fork_has_limits_and_environment(bench: Bench) -> None:
    async with bench.sandbox(env={"X": "1"}) as parent, AsyncExitStack() as stack:
        child = await _forked(stack, parent)
        assert await sh(child, "echo $X; ulimit -n") == await sh(parent, "echo $X; ulimit -n")
        end = await ended(child, "python3 -I -S -c 'x = b\"x\" * (300 << 20); import time; time.sleep(60)'")
        assert end.limit == "memory"
        assert await sh(parent, "echo alive") == "alive\n"


@SNAPSHOTS.case(
    "takes snapshots, changes, and sandboxes start from each",
    "each has the files of its moment; equal files, equal keys are not needed",
)
async def snapshots_of_moments(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        moments: list[Snapshot] = []
        for number in range(3):
            await sh(sandbox, f"echo {number} > n; touch f{number}; rm -f f{number - 1}")
            moments.append(await sandbox.snapshot())
        assert len({moment.key for moment in moments}) == 3
        for number in (2, 0, 1, 0):
            async with bench.sandbox(template=moments[number]) as started:
                assert await sh(started, "cat n; ls f*") == f"{number}\nf{number}\n"
    # They outlive the sandbox that they were taken of.
    async with bench.sandbox(template=moments[1]) as one, bench.sandbox(template=moments[1]) as two:
        await sh(one, "echo changed > n")
        assert await sh(two, "cat n") == "1\n"
    for moment in moments:
        await moment.release()


@SNAPSHOTS.case(
    "leaves links, FIFOs, modes and odd names, is forked", "the fork has them as they are, none is followed"
)
async def fork_keeps_kinds(bench: Bench) -> None:
    make = """
import os
os.symlink('/etc/passwd', 'abs'); os.symlink('nowhere', 'gone'); os.mkfifo('fifo'); os.link('in/data.txt', 'hard')
open(b'\\xff', 'w').close(); open('a\\nb', 'w').close(); os.mkdir('shut'); open('shut/x', 'w').write('x'); os.chmod('fifo', 0o600)
open('secret', 'w').write('s'); os.chmod('secret', 0o400); open('run', 'w').close(); os.chmod('run', 0o755); open('sparse', 'w').truncate(4 << 20)
"""
    look = "import os, stat\nos.chdir('/w')\nprint(sorted((n, stat.S_IFMT(os.lstat(n).st_mode), stat.S_IMODE(os.lstat(n).st_mode), os.path.islink(n) and os.readlink(n)) for n in os.listdir(b'.')))\nos.chmod('shut', 0o700); print(open('shut/x').read(), open('secret').read(), os.stat('sparse').st_size)"
    async with bench.sandbox() as parent, AsyncExitStack() as stack:
        assert await py(parent, f"import os\nos.chdir('/w')\n{make}") == ""
        child = await _forked(stack, parent)
        seen = await py(child, look)
        kept = await py(parent, look)
        assert "Error" not in seen and seen == kept, (seen, kept)


@SNAPSHOTS.case(
    "has folders without rights and FIFOs, is forked",
    "they keep their modes, in the fork and in the parent",
    needs="odd modes in forks",
)
async def fork_keeps_odd_modes(bench: Bench) -> None:
    look = "stat -c '%n %a %F' fifo shut"
    async with bench.sandbox() as parent, AsyncExitStack() as stack:
        made = await sh(
            parent, f"mkfifo fifo; chmod 640 fifo; mkdir shut; echo x > shut/x; chmod 0 shut; sleep 1; {look}"
        )
        child = await _forked(stack, parent)
        assert "shut 0 " in made and (await sh(parent, look), await sh(child, look)) == (made, made), made


@SNAPSHOTS.case(
    "sets the attributes by which an overlay hides and redirects, is forked twice over",
    "without effect: every fork sees what the parent sees",
)
async def fork_overlay_xattr(bench: Bench) -> None:
    program = """
import os
os.chdir('/w')
os.makedirs('made/x')
for name in ('user.overlay.opaque', 'user.overlay.redirect', 'user.overlay.metacopy', 'user.overlay.whiteout', 'user.overlay.whiteouts', 'user.overlay.overlay.opaque'):
    for path in ('in', 'in/deep', 'in/data.txt', '.', 'made', 'made/x'):
        for value in (b'y', b'x', b'/etc', b'../etc'):
            try:
                os.setxattr(path, name, value)
            except OSError:
                pass
"""
    async with bench.sandbox() as parent, AsyncExitStack() as stack:
        assert await py(parent, program) == ""
        child = await _forked(stack, parent)
        await py(child, program.replace("os.makedirs('made/x')", ""))
        grandchild = await _forked(stack, child)
        seen = await sh(parent, _LOOK)
        assert "data" in seen and seen == await sh(child, _LOOK) == await sh(grandchild, _LOOK)
        await grandchild.collect(bench.folder / "dest")
        assert set(tree(bench.folder / "dest")) == set(Files.FILES)


@SNAPSHOTS.case(
    "forks processes without end, some of which wake others, and is forked",
    "the fork comes, with whole files; the parent can be ended",
)
async def fork_of_fork_bomb(bench: Bench) -> None:
    bomb = """
import os, signal, time
open('/w/made', 'w').write('x' * 100_000)
while True:
    try:
        if os.fork() == 0 and os.fork() == 0:
            os.setsid()
        os.kill(-1, signal.SIGCONT)
    except OSError:
        time.sleep(0.01)
"""
    async with bench.sandbox() as parent, AsyncExitStack() as stack:
        await parent.put("/tmp/bomb.py", bomb.encode())
        await sh(parent, "setsid python3 /tmp/bomb.py >/dev/null 2>&1 & while [ ! -s /w/made ]; do sleep 0.01; done")
        await asyncio.sleep(0.3)
        try:
            child = await _forked(stack, parent)
        except SandboxEnded as end:
            assert end.limit == "", end.limit
        else:
            assert await sh(child, "wc -c < made; cat in/data.txt") == "100000\ndata\n"
        await parent.stop()


@SNAPSHOTS.case("has ended", "neither snapshot nor fork: SandboxEnded")
async def fork_of_ended(bench: Bench) -> None:
    async with bench.sandbox() as sandbox:
        await sandbox.stop()
        for attempt in (sandbox.snapshot, sandbox.fork):
            try:
                await attempt()
            except SandboxEnded:
                continue
            raise AssertionError("a sandbox that has ended was copied")


@SNAPSHOTS.case("fills its workspace by being forked again and again", "each fork is bounded as its parent is")
async def fork_disk_is_bounded(bench: Bench) -> None:
    async with bench.sandbox(SMALL) as parent, AsyncExitStack() as stack:
        await sh(parent, "head -c 6000000 /dev/zero > a")
        child = await _forked(stack, parent)
        await sh(child, "head -c 6000000 /dev/zero > b")
        grandchild = await _forked(stack, child)
        try:
            said = await sh(grandchild, "head -c 9000000 /dev/zero > c; head -c 9000000 /dev/zero > d; sleep 3")
        except SandboxEnded as end:
            assert end.limit == "disk", end.limit
        else:
            assert "No space" in said or "File too large" in said, said
