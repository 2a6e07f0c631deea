"""Site profiles as data: one folder per sub-district, and the generator that makes a demo street of it."""
