"""What a boxed process does with itself: run another program, or a Python script in this interpreter.

Standard library of CPython 3.9 only.
"""

from __future__ import annotations

import atexit
import io
import marshal
import os
import signal
import sys
import threading
import traceback
import types
from typing import Any, NoReturn

_PYC_HEADER = 16


def run_program(request: dict[str, Any]) -> NoReturn:
    """As the first process: start the program as the second, take in orphans, end with its status (128 + n after signal n)."""
    pid = os.fork()
    if pid == 0:
        exec_program(request)
    for fd in range(3):
        os.close(fd)
    while True:
        ended, status = os.wait()
        if ended == pid:
            code = os.waitstatus_to_exitcode(status)
            os._exit(128 - code if code < 0 else code)


def exec_program(request: dict[str, Any]) -> NoReturn:
    """Become the program, in a session of its own."""
    at = request["cwd"]
    try:
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # which Python ignores
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        os.chdir(at)
        at = ""
        os.execvpe(request["argv"][0], request["argv"], {**request["env"], "PWD": request["cwd"]})
    except OSError as error:
        os.write(2, f"{at or request['argv'][0]}: {error.strerror}\n".encode("utf-8", "replace"))
        os._exit(2 if at else 127 if isinstance(error, FileNotFoundError) else 126)
    except ValueError as error:  # a NUL in a text, or a text that is none
        os.write(2, f"{at or request['argv'][0]}: {error}\n".encode("utf-8", "replace"))
        os._exit(126)


def run_script(request: dict[str, Any]) -> NoReturn:
    """Run a script, source or bytecode, as `python3 -I -S script arguments` would."""
    status = 1
    try:
        code = load_script(request["argv"][0])
        run_loaded(code, request)
    except (OSError, SyntaxError, ValueError, EOFError, TypeError):
        traceback.print_exc()
    finally:
        os._exit(status)


def load_script(path: str) -> types.CodeType:
    """Raises OSError, and what a text or bytecode that is none leads to."""
    with open(path, "rb") as file:
        data = file.read()
    code = marshal.loads(data[_PYC_HEADER:]) if path.endswith(".pyc") else compile(data, path, "exec")
    if not isinstance(code, types.CodeType):
        raise TypeError(f"{path} is no program")
    return code


def run_loaded(code: types.CodeType, request: dict[str, Any]) -> NoReturn:
    """Run a script that was loaded, and end the process with its status."""
    status = 1
    try:
        settle(request)
        status = _main(code, request["argv"])
        threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as the end of an interpreter does
        atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage]
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _main(code: types.CodeType, argv: list[str]) -> int:
    sys.argv = list(argv)
    try:
        exec(code, module_of(argv[0], "__main__"))
    except SystemExit as stop:
        if stop.code is None or isinstance(stop.code, int):
            return (stop.code or 0) & 0xFF
        sys.stderr.write(f"{stop.code}\n")
        return 1
    except BaseException:  # noqa: BLE001 - the edge of the process
        traceback.print_exc()
        return 1
    return 0


def module_of(path: str, name: str) -> dict[str, Any]:
    """The names of a new module that takes the place of the main one."""
    module = types.ModuleType(name)
    module.__dict__.update(__file__=path, __builtins__=__builtins__)
    sys.modules["__main__"] = module
    return module.__dict__


def settle(request: dict[str, Any]) -> None:
    """Folder and environment; what is so already is not touched, as every change costs a page of memory."""
    os.chdir(request["cwd"])
    wanted = {**request["env"], "PWD": request["cwd"]}
    for name in [name for name in os.environ if name not in wanted]:
        del os.environ[name]
    for name, value in wanted.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


def renew_streams() -> None:
    """Standard streams for whatever the descriptors 0, 1 and 2 will be in a box: made once, as pipes, which they are there."""
    kept = [os.dup(fd) for fd in range(3)]
    reading, writing = os.pipe()
    for fd, end in ((0, reading), (1, writing), (2, writing)):
        os.dup2(end, fd)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, "r", closefd=False)), "utf-8")
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), "utf-8")
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(2, "w", closefd=False)), "utf-8", "backslashreplace", line_buffering=True
    )
    for name in ("stdin", "stdout", "stderr"):
        setattr(sys, f"__{name}__", getattr(sys, name))
    for fd, old in enumerate(kept):
        os.dup2(old, fd)
        os.close(old)
    os.close(reading)
    os.close(writing)
