"""Rows of dispatching live here and stay here; frozen values of `dispatcher.model` leave."""
