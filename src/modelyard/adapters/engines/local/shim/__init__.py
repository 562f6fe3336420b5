"""The supervisor of one container, as containerd's shim: a process of its own that outlives the server.

Only the standard library is imported here, and little of it: it runs under ``python -I -S`` once per container.
"""
