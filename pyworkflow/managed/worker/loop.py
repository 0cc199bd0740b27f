"""Where coroutines run: one event loop for all activities of a worker."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import wait
from contextlib import suppress
from typing import Any

from pyworkflow.activity import ActivityCanceled, ActivityTimedOut
from pyworkflow.managed.worker.deadline import Deadline

LISTEN = 2.0  # seconds between two questions whether a coroutine should end


class EventLoop:
    """It begins, in a thread of its own, with the first coroutine; all of them can share what belongs to a loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(
        self, coroutine: Coroutine[Any, Any, Any], deadline: Deadline, pulse: Callable[[], None] | None = None
    ) -> Any:
        """What the coroutine returns, or raises; the calling thread waits for it.

        When its time is up it is cancelled, and ActivityTimedOut raised. With `pulse` it need not give signs of life
        to hear of a cancel: when a pulse raises ActivityCanceled the coroutine is cancelled, and that is its ending
        unless it returns or raises something else.
        """
        loop = self._begun()
        running = asyncio.run_coroutine_threadsafe(_ended(coroutine, pulse), loop)
        while not wait([running], timeout=max(deadline.left(), 0)).done:
            if deadline.left() <= 0:
                running.cancel()
                with suppress(RuntimeError):  # the loop is closed
                    loop.call_soon_threadsafe(_close_unbegun, coroutine)
                raise ActivityTimedOut(timeout=deadline.timeout)
        result, error = running.result()
        if error is not None:
            raise error
        return result

    def close(self) -> None:
        """Cancel what still runs, and end the loop once that is done. Closing twice does nothing."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(_end, loop)

    def _begun(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_serve, args=(self._loop,), name="pyworkflow-async", daemon=True).start()
            return self._loop


async def _ended(
    coroutine: Coroutine[Any, Any, Any], pulse: Callable[[], None] | None
) -> tuple[Any, BaseException | None]:
    """What it returned, or what it raised: as it is, since asyncio makes some errors anew, without a traceback."""
    task = asyncio.current_task()
    canceled: list[ActivityCanceled] = []
    listening = asyncio.ensure_future(_listen(pulse, task, canceled)) if pulse and task else None
    try:
        return await coroutine, None
    except asyncio.CancelledError:
        if not canceled:
            raise
        return None, canceled[0]
    except BaseException as error:
        trace = error.__traceback__
        return None, error.with_traceback(trace and trace.tb_next)
    finally:
        if listening:
            listening.cancel()


async def _listen(pulse: Callable[[], None], task: asyncio.Task[Any], canceled: list[ActivityCanceled]) -> None:
    """Cancel the task when a pulse says so; an answer is heard by the pulse after the one that asked."""
    while not canceled:
        await asyncio.sleep(LISTEN)
        try:
            pulse()
        except ActivityCanceled as asked:
            canceled.append(asked)
            task.cancel()


def _close_unbegun(coroutine: Coroutine[Any, Any, Any]) -> None:
    """What was canceled before it was begun will not be begun."""
    if inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED:
        coroutine.close()


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()


def _end(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()

    async def finish() -> None:
        with suppress(Exception):
            await asyncio.gather(*tasks, return_exceptions=True)
            await loop.shutdown_asyncgens()
        loop.stop()

    loop.create_task(finish())
