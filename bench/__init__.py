"""Measure what the promises cost: `python -m bench`. Needs a stand-alone Mosquitto; stays on loopback."""
