"""The contract: one suite of tests for every backend, which says rule by rule what all of them promise.

Each test carries the letter and the number of its rule; each chapter of rules is a module.
"""

from __future__ import annotations

from pyworkflow.testing.contract.activities import ActivityRules
from pyworkflow.testing.contract.always import AlwaysRules
from pyworkflow.testing.contract.asking import AskingRules
from pyworkflow.testing.contract.children import ChildRules
from pyworkflow.testing.contract.closing import ClosingRules
from pyworkflow.testing.contract.continuing import ContinuingRules
from pyworkflow.testing.contract.deciding import DecidingRules
from pyworkflow.testing.contract.failing import FailingRules
from pyworkflow.testing.contract.forking import ForkingRules
from pyworkflow.testing.contract.keeping import KeepingRules
from pyworkflow.testing.contract.listing import ListingRules
from pyworkflow.testing.contract.losing import LosingRules
from pyworkflow.testing.contract.observations import ObservationRules
from pyworkflow.testing.contract.observing import ObservingRules
from pyworkflow.testing.contract.overtaking import OvertakingRules
from pyworkflow.testing.contract.processes import ProcessRules
from pyworkflow.testing.contract.refusing import RefusingRules
from pyworkflow.testing.contract.sharing import SharingRules
from pyworkflow.testing.contract.signals import SignalRules
from pyworkflow.testing.contract.starting import StartingRules
from pyworkflow.testing.contract.timeouts import TimeoutRules
from pyworkflow.testing.contract.timers import TimerRules
from pyworkflow.testing.contract.together import TogetherRules
from pyworkflow.testing.contract.values import ValueRules
from pyworkflow.testing.contract.vocabulary import VocabularyRules


class BackendContract(
    VocabularyRules,
    ValueRules,
    StartingRules,
    ListingRules,
    ClosingRules,
    ContinuingRules,
    KeepingRules,
    ForkingRules,
    DecidingRules,
    RefusingRules,
    OvertakingRules,
    FailingRules,
    ActivityRules,
    TimeoutRules,
    LosingRules,
    AskingRules,
    TimerRules,
    ChildRules,
    SignalRules,
    AlwaysRules,
    SharingRules,
    TogetherRules,
    ObservingRules,
    ProcessRules,
    ObservationRules,
):
    """Inherit it in a class `TestYours`, override what follows, and pytest holds your backend to all of it.

    ::

        class TestYours(BackendContract):
            def construct_backend(self, clock):
                return YourBackend(self.folder / "store", clock=clock)

            def process_factory(self):  # only if operating-system processes can share it
                return partial(YourBackend, self.folder / "store")

    Called twice in one test, `construct_backend` gives two objects over the same store, unless the capabilities say
    that processes cannot share one; then it gives a new, empty store.
    """


__all__ = ["BackendContract"]
