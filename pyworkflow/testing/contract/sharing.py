"""Z2: any number of threads use one backend."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

import pytest

from pyworkflow.backend import Backend
from pyworkflow.decision import CompleteProcess, ScheduleActivity
from pyworkflow.event import SignalEvent, utcnow
from pyworkflow.exceptions import ProcessAlreadyStartedException, UnknownProcessException, UnknownResourceException
from pyworkflow.process import Process, ProcessCompleted
from pyworkflow.task import DecisionTask
from pyworkflow.testing.contract.base import Contract, some
from pyworkflow.testing.roles import PATIENCE, fan_out

Answer = TypeVar("Answer")

THREADS = 8


def at_once(do: Callable[[int], Answer], threads: int = THREADS) -> list[Answer]:
    """What `do(number)` returns in so many threads, which begin together."""
    ready = threading.Barrier(threads)

    def begin(number: int) -> Answer:
        ready.wait(PATIENCE)
        return do(number)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.000_01)  # threads that take turns this often meet in unlikely places, too
    try:
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(begin, range(threads)))
    finally:
        sys.setswitchinterval(interval)


class SharingRules(Contract):
    """Z2, as far as one operating-system process shows it."""

    def test_Z2_a_task_is_handed_to_one_thread(self) -> None:
        process_id = self.start()
        decisions = [task for task in at_once(lambda _: self.backend.poll_decision_task()) if task]
        assert len(decisions) == 1
        self.backend.complete_decision_task(decisions[0], ScheduleActivity("Pay"))
        activities = [task for task in at_once(lambda _: self.backend.poll_activity_task()) if task]
        assert len(activities) == 1
        assert self.types(process_id).count("activity_started") == 1

    def test_Z2_a_token_is_taken_from_one_thread(self) -> None:
        process_id = self.scheduled()
        task = some(self.backend.poll_activity_task())
        taken = at_once(lambda number: self._accepted(lambda: self.backend.complete_activity_task(task, number)))
        assert taken.count(True) == 1
        assert self.types(process_id).count("activity") == 1
        decision = some(self.backend.poll_decision_task())
        close = CompleteProcess()
        taken = at_once(lambda _: self._accepted(lambda: self.backend.complete_decision_task(decision, close)))
        assert taken.count(True) == 1
        assert self.types(process_id).count("decision") == 2

    def _accepted(self, call: Callable[[], object]) -> bool:
        try:
            call()
        except UnknownResourceException:
            return False
        return True

    def test_Z2_of_simultaneous_starts_with_one_id_one_wins(self) -> None:
        def start(number: int) -> bool:
            try:
                self.start("a", input=number)
            except ProcessAlreadyStartedException:
                return False
            return True

        won = at_once(start)
        assert won.count(True) == 1
        assert self.backend.process_by_id("a").input == won.index(True)
        assert self.types("a") == ["process_started"]

    def test_Z2_no_signal_is_lost_and_each_sender_is_heard_in_order(self) -> None:
        process_id = self.start()

        def send(number: int) -> None:
            for count in range(20):
                self.backend.signal_process(process_id, "go", [number, count])
                if number == 0:
                    self._decide_whatever_is_due()

        at_once(send)
        data = [event.signal.data for event in self.history(process_id) if isinstance(event, SignalEvent)]
        assert len(data) == THREADS * 20
        for number in range(THREADS):
            assert [count for sender, count in data if sender == number] == list(range(20))

    def _decide_whatever_is_due(self) -> None:
        task = self.backend.poll_decision_task()
        if task is not None:
            self.backend.complete_decision_task(task, [])

    def test_Z2_many_threads_do_every_activity_once_and_complete_every_process(self) -> None:
        ids = [self.start() for _ in range(6)]
        executed: list[str] = []

        def serve(number: int) -> None:
            while self.open_ids():
                if number < 3:
                    decision = self.backend.poll_decision_task(wait=0.05)
                    if decision is not None:
                        self.backend.complete_decision_task(decision, fan_out(decision.process, 8))
                else:
                    activity = self.backend.poll_activity_task(wait=0.05)
                    if activity is not None:
                        executed.append(activity.activity_execution.id)
                        self.backend.complete_activity_task(activity, activity.activity_execution.input)

        at_once(serve)
        assert sorted(executed) == sorted(f"{process_id}.{number}" for process_id in ids for number in range(8))
        for process_id in ids:
            assert self.backend.process_by_id(process_id).result == ProcessCompleted(list(range(8)))
            assert self.types(process_id).count("activity") == 8

    def test_Z2_whoever_looks_while_others_work_sees_whole_states(self) -> None:
        ids = [self.start() for _ in range(THREADS)]
        # Where the events of all cannot be read, each look reads every history.
        rounds = 15 if self.backend.capabilities.streams_all else 5

        def serve(number: int) -> None:
            for count in range(rounds):
                if number % 2:
                    self.backend.signal_process(ids[number], "go", count)
                    self.start()
                    self._decide_whatever_is_due()
                else:
                    self._look(ids)

        at_once(serve)
        self._look(ids)

    def _look(self, ids: list[str]) -> None:
        for process in self.backend.processes(status=None):
            assert process.history[0].type == "process_started"
        for process_id in ids:
            self.backend.pending(process_id)
        for summary in self.backend.summaries(limit=1000):
            assert summary.events >= 1
        logs = [self.log()] if self.backend.capabilities.streams_all else map(self.log_of, ids)
        for log in logs:
            sequence = [recorded.seq for recorded in log]
            assert sequence == sorted(set(sequence))

    # --- waiting ---

    def test_Z2_a_waiting_poll_is_woken_by_work_that_another_thread_brings(self) -> None:
        self.in_real_time()

        def serve(number: int) -> str | None:
            if number == 0:
                return self.backend.start_process(Process("Order", "a"))
            if number == 1:
                task = some(self.backend.poll_decision_task(wait=PATIENCE))
                self.backend.complete_decision_task(task, ScheduleActivity("Pay", id="1"))
                return task.process.id
            activity = some(self.backend.poll_activity_task(wait=PATIENCE))
            self.backend.complete_activity_task(activity)
            return activity.process_id

        assert at_once(serve, 3) == ["a", "a", "a"]

    def test_Z2_whoever_waits_for_events_is_woken_by_one(self) -> None:
        process_id = self.start()
        seen = self.log()[-1].seq

        def serve(number: int) -> list[str]:
            if number == 0:
                self.backend.signal_process(process_id, "go")
                return []
            page = self.backend.events(process_id, after=seen, wait=PATIENCE)
            return [recorded.event.type for recorded in page]

        assert at_once(serve, 3) == [[], ["signal"], ["signal"]]

    def test_Z2_an_interrupt_ends_the_polls_that_wait(self) -> None:
        answers: list[object] = []
        for poll in (self.backend.poll_decision_task, self.backend.poll_activity_task):
            threading.Thread(target=lambda poll=poll: answers.append(poll(wait=PATIENCE * 10)), daemon=True).start()
        deadline = utcnow() + timedelta(seconds=PATIENCE)
        while len(answers) < 2 and utcnow() < deadline:
            self.backend.interrupt()  # one that comes before the poll has nothing to end
        assert answers == [None, None]
        self.start()
        assert self.backend.poll_decision_task(wait=PATIENCE) is not None

    # --- several objects ---

    def test_Z2_several_objects_over_one_store_see_the_same(self) -> None:
        other = self.another()
        process_id = self.start(input=1)
        assert other.process_by_id(process_id) == self.backend.process_by_id(process_id)
        task = some(other.poll_decision_task())
        assert self.backend.complete_decision_task(DecisionTask(task.process, task.context), ScheduleActivity("Pay"))
        activity = some(other.poll_activity_task())
        self.backend.complete_activity_task(activity)
        assert some(other.poll_decision_task()).process.history[-2].type == "activity"

    def test_Z2_a_backend_that_processes_cannot_share_shares_nothing(self) -> None:
        capabilities = self.backend.capabilities
        if capabilities.several_processes:
            pytest.skip("operating-system processes can share it, which other tests show")
        self.start("mine")
        with self.construct_backend(self.clock) as other, pytest.raises(UnknownProcessException):
            other.process_by_id("mine")
        assert capabilities.lost_work_after is None
        assert not capabilities.durable

    def test_Z2_what_a_durable_backend_acknowledged_is_there_when_it_is_opened_again(self) -> None:
        if not self.backend.capabilities.durable:
            pytest.skip("it is not durable, by its own account")
        process_id = self.scheduled(input=1)
        before = self.backend.process_by_id(process_id), self.backend.pending(process_id)
        self.backend.close()
        again: Backend = self.opened(self.construct_backend(self.clock))
        assert (again.process_by_id(process_id), again.pending(process_id)) == before
        assert some(again.poll_activity_task()).activity_execution.input == 1
