"""A local Azure to import container images into: Entra, ARM and registries in one process on loopback.

It shares no line with the engine that it tries: a misreading of a specification that both shared would hide
itself.
"""
