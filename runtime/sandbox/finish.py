"""Work that must reach its end although its caller is cancelled: else a thread would still write to a
folder that is being removed, or a process would be forgotten between its start and its first sign."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

_Result = TypeVar("_Result")
_Given = ParamSpec("_Given")


async def finish(work: Coroutine[Any, Any, _Result] | asyncio.Task[_Result]) -> _Result:
    """The result of `work`. A cancellation of the caller is raised once the work is done."""
    task = work if isinstance(work, asyncio.Task) else asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
        except BaseException:
            if cancelled is None:
                raise
    if cancelled is not None:
        raise cancelled
    return task.result()


async def acquire(
    work: Coroutine[Any, Any, _Result], release: Callable[[_Result], Coroutine[Any, Any, object]]
) -> _Result:
    """The result of `work`, for the caller to release; if the caller is cancelled meanwhile, it is
    released here."""
    task = asyncio.ensure_future(work)
    try:
        return await finish(task)
    except asyncio.CancelledError:
        if not task.cancelled() and task.exception() is None:
            await finish(release(task.result()))
        raise


async def in_thread(function: Callable[_Given, _Result], *args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
    """Like asyncio.to_thread, but the caller goes on only once the thread is done with it."""
    return await finish(asyncio.to_thread(function, *args, **kwargs))
