"""The register of a sub-district: its areas, homes, people, devices and helpers; and the store itself."""
