"""The rules of the contract, written once, over any store."""

from pyworkflow.engine.backend import EngineBackend
from pyworkflow.engine.store import Store, Transaction

__all__ = ["EngineBackend", "Store", "Transaction"]
