"""The embedded engine: containers on Linux without a daemon and without root. Enter by ``engine.LocalEngine``.

This file imports nothing: the shim of every container comes through here and must start in milliseconds.
"""
