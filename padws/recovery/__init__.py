"""Whether what is stored is sound, and whether a dump brings it back; docs/operations.md explains.

`verify` looks at every row. `dump` writes a dump and a `manifest` of what is in it; `drill`
restores the dump into a scratch database, compares it with the manifest and verifies it there.
"""
