"""A service that speaks as Amazon SWF does, made from its documentation: for tests, with a clock to move.

What it proves is that the backend and this reading of the documents agree; it proves nothing about AWS. Where a
document leaves something open, the place in the code says so.
"""

from fakeswf.faults import Fault
from fakeswf.service import FakeSWF
from fakeswf.wire import attached, serving

__all__ = ["FakeSWF", "Fault", "attached", "serving"]
