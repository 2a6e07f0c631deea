"""Rows live here and stay here; frozen values of `community.model` leave."""

from community.storage.store import AWAY, LONGEST_TRANSACTION_S, Store

__all__ = ["AWAY", "LONGEST_TRANSACTION_S", "Store"]
