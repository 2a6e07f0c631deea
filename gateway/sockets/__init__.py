"""Doors for devices that speak over sockets of their own, without a broker: TCP and UDP.

What comes in goes to the same receiver as what the broker brings, and is answered only after the commit.
"""
