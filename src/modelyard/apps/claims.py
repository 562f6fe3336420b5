"""What a server takes for itself before it starts: its data folder and its port. Both are let go when it ends."""

import fcntl
import socket
from pathlib import Path
from typing import IO

from modelyard.kit.errors import Conflict


class DataDirInUse(Conflict):
    code = "data_dir_in_use"
    title = "Another server uses the data folder"


class PortTaken(Conflict):
    code = "port_taken"
    title = "The server cannot listen at its address"


def claim_data_dir(folder: Path) -> IO[str]:
    """Locks the data folder for as long as the returned file is open; raises ``DataDirInUse``.

    The lock is the kernel's, so it is gone with its process, however that ended.
    """
    file = (folder / "lock").open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as e:
        file.close()
        raise DataDirInUse(
            f"Another server uses {folder}.", remedy="Stop it, or choose another folder with --data-dir."
        ) from e
    return file


def claim_port(host: str, port: int) -> socket.socket:
    """A socket that is bound but does not listen yet, so that callers are refused until the server is ready.

    Raises ``PortTaken``, also for a host that is not this machine's.
    """
    claimed = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    claimed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        claimed.bind((host, port))
    except OSError as e:
        claimed.close()
        raise PortTaken(
            f"Cannot listen on {host}:{port}: {e.strerror}.", remedy="Choose another with --host and --port."
        ) from e
    return claimed
