"""Rows live here and stay here; frozen values of `community.model` leave."""

from community.storage.store import LONGEST_TRANSACTION_S, Store

__all__ = ["LONGEST_TRANSACTION_S", "Store"]
