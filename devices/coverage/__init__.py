"""What of the devices on the market is understood: counted, not claimed.

`python -m devices.coverage` makes devices/README.md from the table of Zigbee models, the examples of the
profiles and the documented words of the other families (`vocabulary.toml`), each said to the decoders.
"""
