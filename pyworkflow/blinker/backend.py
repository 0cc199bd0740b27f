"""The backend that sends a signal for each event that its calls record."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from functools import cache, partial
from inspect import isawaitable

from pyworkflow.backend import Backend, Observed, Observer
from pyworkflow.blinker.delegate import Delegate
from pyworkflow.blinker.signals import signal_for, signals
from pyworkflow.event import Event
from pyworkflow.exceptions import WorkflowException
from pyworkflow.process import Process

LOGGER = logging.getLogger("pyworkflow.blinker")


class BlinkerBackend(Delegate):
    """Any backend, and a blinker signal for each event that is recorded by a call of it in this process.

    A receiver is called with this object as the sender (so `connect(receiver, sender=backend)` hears one backend
    only) and always with the same keyword arguments:

    - `event`: what was recorded, an Event.
    - `process_id`, `workflow`, `run` and `number`: whose history it stands in, in which run, and where (from 1).
    - `process`: that run as it is now, a Process with its history; read once a call, and only if somebody is
      connected. None if it cannot be read.

    It is called after the commit and before the call returns, at most once for each event, in the thread that made
    the call. What is awaitable is run to its end, meanwhile, in a thread and an event loop of its own. What a receiver
    raises is logged, and the next one is called; KeyboardInterrupt and SystemExit are raised when all have been.

    Receivers may call the backend. What that records is told when all have heard of what came before, so after that
    call has returned. Blinker keeps receivers by weak references: a lambda needs `connect(..., weak=False)`.
    """

    on_process_started = signals.signal(
        "process_started", "A process, or the next run of one that continued as new, was started."
    )
    on_process_signaled = signals.signal("process_signaled", "A signal came.")
    on_process_cancel_requested = signals.signal(
        "process_cancel_requested", "Somebody asks the process to cancel itself."
    )
    on_process_completed = signals.signal("process_completed", "The process closed with a result.")
    on_process_canceled = signals.signal(
        "process_canceled", "The process closed as canceled: by its own decision, from outside, or with its parent."
    )
    on_process_failed = signals.signal("process_failed", "The process closed as failed.")
    on_process_timedout = signals.signal(
        "process_timedout", "The process was still open when its workflow's time-out was over."
    )
    on_process_continued = signals.signal("process_continued", "This run closed, and the next one starts.")
    on_decision_started = signals.signal("decision_started", "A worker was asked to decide.")
    on_decision_failed = signals.signal("decision_failed", "A decision came to nothing; it is asked for again.")
    on_decision_timedout = signals.signal(
        "decision_timedout", "A decision did not come in time; it is asked for again."
    )
    on_activity_scheduled = signals.signal(
        "activity_scheduled", "The workflow decided that an activity is to be executed."
    )
    on_activity_cancel_requested = signals.signal(
        "activity_cancel_requested", "The workflow decided to cancel an activity."
    )
    on_activity_started = signals.signal("activity_started", "A worker has taken the activity.")
    on_activity_lost = signals.signal(
        "activity_lost", "The worker that executed it is gone; it waits to be executed again."
    )
    on_activity_completed = signals.signal("activity_completed", "The activity ended with a result.")
    on_activity_canceled = signals.signal("activity_canceled", "The activity ended as canceled.")
    on_activity_failed = signals.signal("activity_failed", "The activity ended as failed.")
    on_activity_timedout = signals.signal(
        "activity_timedout", "One of the activity's time-outs was over, or its worker was lost too often."
    )
    on_timer_started = signals.signal("timer_started", "The workflow decided to wait for a time.")
    on_timer_canceled = signals.signal("timer_canceled", "The workflow decided to cancel a timer.")
    on_timer_fired = signals.signal("timer_fired", "A timer was due.")
    on_child_process_scheduled = signals.signal(
        "child_process_scheduled", "The workflow decided to start a child; `process` is the parent."
    )
    on_child_process_ended = signals.signal(
        "child_process_ended", "A child closed, or could not be started; `process` is the parent."
    )
    on_signal_sent = signals.signal(
        "signal_sent", "The workflow decided to signal another process; `process` is the sender."
    )
    on_signal_failed = signals.signal("signal_failed", "Such a signal did not arrive; `process` is the sender.")
    on_cancel_sent = signals.signal(
        "cancel_sent", "The workflow decided to ask another process to cancel itself; `process` is the one that asks."
    )
    on_cancel_failed = signals.signal(
        "cancel_failed", "Such a request did not arrive; `process` is the one that asked."
    )
    on_marker_recorded = signals.signal("marker_recorded", "The workflow wrote a note into its history.")

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend)
        self.observer = backend.observer  # who observed it before goes on hearing everything, after the receivers
        backend.observer = self._hear
        self._turn = _Turn()

    def _hear(self, observed: Observed) -> None:
        """Tell of it; but what a receiver records is told when all have heard of what it was called for."""
        if self._turn.waiting is not None:
            self._turn.waiting.append(observed)
            return
        self._turn.waiting = waiting = deque([observed])
        interrupts: list[BaseException] = []
        try:
            while waiting:
                for call in self._calls(waiting.popleft()):
                    try:
                        call()
                    except (KeyboardInterrupt, SystemExit) as interrupt:
                        interrupts.append(interrupt)
        finally:
            self._turn.waiting = None
        if interrupts:
            raise interrupts[0]

    def _calls(self, observed: Observed) -> Iterator[Callable[[], None]]:
        """Of every receiver of every event, and then of the observer."""
        read = cache(partial(self._process, observed))
        for number, event in enumerate(observed.events, start=observed.number):
            signal = signal_for(event)
            if not signal.is_muted:
                for receiver in signal.receivers_for(self):
                    yield partial(self._send, signal.name, receiver, event, number, observed, read)
        if self.observer is not None:
            yield partial(self._pass_on, self.observer, observed)

    def _send(
        self,
        name: str,
        receiver: Callable[..., object],
        event: Event,
        number: int,
        observed: Observed,
        read: Callable[[], Process | None],
    ) -> None:
        try:
            answer = receiver(
                self,
                event=event,
                process_id=observed.process_id,
                workflow=observed.workflow,
                run=observed.run,
                number=number,
                process=read(),
            )
            if isawaitable(answer) and not asyncio.isfuture(answer):  # a future belongs to the loop that made it
                self._run(answer)
        except (Exception, asyncio.CancelledError):
            LOGGER.exception("%r, which receives %s, failed; the event is recorded", receiver, name)

    def _pass_on(self, observer: Observer, observed: Observed) -> None:
        try:
            observer(observed)
        except Exception:
            LOGGER.exception("the observer of %r failed; what it was told of is recorded", self)

    def _process(self, observed: Observed) -> Process | None:
        try:
            return self.process_by_id(observed.process_id, run=observed.run)
        except WorkflowException as error:
            LOGGER.warning("process %s cannot be read for the receivers: %s", observed.process_id, error)
            return None

    def _run(self, awaitable: Awaitable[object]) -> None:
        """Wait for it. In a thread of its own it may run though this one has an event loop that runs already.

        The end of the program does not wait for that thread: who interrupts it once has done so.
        """
        waiting = self._turn.waiting
        done: Future[None] = Future()

        async def awaited() -> None:
            await awaitable

        def run() -> None:
            self._turn.waiting = waiting
            try:
                done.set_result(asyncio.run(awaited()))
            except BaseException as error:
                done.set_exception(error)

        threading.Thread(target=run, name="pyworkflow-blinker", daemon=True).start()
        done.result()


class _Turn(threading.local):
    """What is still to be told, while this thread tells of something."""

    waiting: deque[Observed] | None = None
