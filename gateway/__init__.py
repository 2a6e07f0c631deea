"""From the broker into the store: every message is committed first and acknowledged afterwards."""
