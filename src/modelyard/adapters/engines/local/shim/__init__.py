"""The supervisor of one container, as containerd's shim: a process of its own that outlives the server.

It runs under ``python -I -S`` once per container, so every millisecond of its imports is one of every start. Hence only
modules that the interpreter has loaded anyway or that are small C modules: no ``json`` (9 ms), ``enum`` (5 ms, so
``_signal`` for ``signal``), ``typing`` (12 ms), ``contextlib``, ``pathlib``, ``datetime``; ``ctypes`` (6 ms) only in
the entries that need it.
"""
