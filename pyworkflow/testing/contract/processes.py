"""Z2 and A5 where several operating-system processes share a store, and one of them is killed."""

from __future__ import annotations

from typing import Any

import pytest

from pyworkflow.event import ActivityLostEvent, SignalEvent
from pyworkflow.process import ProcessCompleted
from pyworkflow.testing import roles
from pyworkflow.testing.contract.base import Contract, some
from pyworkflow.testing.elsewhere import Elsewhere
from pyworkflow.testing.roles import PATIENCE


class ProcessRules(Contract):
    """Z2 and A5, with real processes and kill -9."""

    @pytest.fixture
    def _shared(self, _begin: None) -> None:
        if not self.backend.capabilities.several_processes:
            pytest.skip("operating-system processes cannot share it, by its own account")
        self.in_real_time()

    def elsewhere(self, role: object, *arguments: object) -> Elsewhere:
        """Another process over the same store, doing this."""
        return Elsewhere(self.process_factory(), role, *arguments)  # type: ignore[arg-type]

    def _lost_work_after(self) -> float:
        """Seconds until the work of a worker that dies is found to be lost. Skips the test if it is not."""
        within = self.backend.capabilities.lost_work_after
        if within is None:
            pytest.skip("lost_work_after is None, by its own account")
        return within

    def _played_together(self, *others: Elsewhere) -> list[list[Any]]:
        """All that each says, from beginning together to the end."""
        for other in others:
            other.begin()
        return [other.hear_all() for other in others]

    @pytest.mark.usefixtures("_shared")
    def test_Z2_another_process_sees_what_was_done_here(self) -> None:
        process_id = self.scheduled()
        with self.elsewhere(roles.read, process_id) as other:
            assert other.begin().hear_all() == [self.types(process_id)]

    @pytest.mark.usefixtures("_shared")
    def test_Z2_of_starts_in_several_processes_each_id_wins_once(self) -> None:
        ids = [f"p{number}" for number in range(20)]
        with self.elsewhere(roles.start, ids, 0) as one, self.elsewhere(roles.start, ids, 1) as other:
            won = self._played_together(one, other)
        assert sorted(won[0] + won[1]) == sorted(ids)
        for starter in (0, 1):
            assert {self.backend.process_by_id(process_id).input for process_id in won[starter]} <= {starter}
        assert all(self.types(process_id) == ["process_started"] for process_id in ids)

    @pytest.mark.usefixtures("_shared")
    def test_Z2_no_signal_from_several_processes_is_lost(self) -> None:
        process_id = self.start()
        with (
            self.elsewhere(roles.signal, process_id, 0, 40) as one,
            self.elsewhere(roles.signal, process_id, 1, 40) as two,
        ):
            sent = self._played_together(one, two)
        assert sent == [list(range(40))] * 2
        data = [event.signal.data for event in self.history(process_id) if isinstance(event, SignalEvent)]
        for sender in (0, 1):
            assert [number for who, number in data if who == sender] == list(range(40))
        assert len(data) == 80

    @pytest.mark.usefixtures("_shared")
    def test_Z2_a_waiting_poll_is_woken_by_work_that_another_process_brings(self) -> None:
        with self.elsewhere(roles.start, ["a"], 0) as other:
            other.begin()
            assert some(self.backend.poll_decision_task(wait=PATIENCE)).process.id == "a"

    @pytest.mark.usefixtures("_shared")
    def test_A5_what_a_killed_worker_held_is_handed_out_again_in_time(self) -> None:
        within = self._lost_work_after()
        process_id = self.scheduled()
        deciding = self.start()
        with self.elsewhere(roles.hold) as doomed:
            assert doomed.begin().hear() == "holding"
            with self.backend.lease("heir") as lease:
                assert self.backend.poll_activity_task(lease=lease, wait=2) is None  # it lives
                doomed.kill()
                activity = some(self.backend.poll_activity_task(lease=lease, wait=within))
                decision = some(self.backend.poll_decision_task(lease=lease, wait=within))
                assert (activity.activity_execution.id, decision.process.id) == ("1", deciding)
                assert ActivityLostEvent(activity.activity_execution) in self.history(process_id)
                self.backend.complete_activity_task(activity)
                assert self.backend.complete_decision_task(decision, [])

    @pytest.mark.usefixtures("_shared")
    def test_A5_nothing_is_lost_nor_done_twice_though_one_of_three_workers_is_killed(self) -> None:
        self._lost_work_after()
        ids = [self.start() for _ in range(4)]
        with self.elsewhere(roles.work, 12, 3) as doomed:
            doomed.begin()
            *_, held = [doomed.hear() for _ in range(3)]
            with self.elsewhere(roles.work, 12) as one, self.elsewhere(roles.work, 12) as other:
                one.begin()
                other.begin()
                doomed.kill()
                said = one.hear_all() + other.hear_all()
        assert held in said
        for process_id in ids:
            process = self.backend.process_by_id(process_id)
            assert process.result == ProcessCompleted(list(range(12)))
            assert self.types(process_id).count("activity") == 12
        lost = [one.event for one in self.log() if isinstance(one.event, ActivityLostEvent)]
        assert [event.activity_execution.id for event in lost] == [held]
