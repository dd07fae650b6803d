"""The one backend of an event loop, for frameworks that make environments one by one."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Mapping

from clawc.runtime.errors import SandboxUnavailable
from clawc.runtime.sandbox.bubblewrap import Bubblewrap
from clawc.runtime.sandbox.command import BASE_ENV
from clawc.runtime.sandbox.tools import PYTHON_TOOLS, offered, tool_env

_BACKENDS: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Bubblewrap] = weakref.WeakKeyDictionary()


async def backend() -> Bubblewrap:
    """Where sandboxes come from; all of it ends with the process. Raises SandboxUnavailable."""
    found = _BACKENDS.setdefault(asyncio.get_running_loop(), Bubblewrap())
    probe = await found.probe()
    if not probe.ok:
        raise SandboxUnavailable(probe.reason, probe.help)
    return found


def lent_tools() -> Mapping[str, str]:
    """The variables by which a sandbox finds every tool that can be lent here."""
    return tool_env([tool for tool in PYTHON_TOOLS if offered(tool)], BASE_ENV["PATH"])
