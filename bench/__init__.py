"""Measure what the promises cost: `python -m bench`. Needs a stand-alone Mosquitto; nothing leaves loopback."""
