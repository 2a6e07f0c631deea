"""A simulated street: residents with a daily rhythm, and devices that speak only the wire.

`roster` says who lives there, `speech` how their devices talk, `script` what happens when (pure: the same
seed, roster and scenario give the same messages); `player` sends it with a real clock over a real network.
"""
