"""``python -I -S …/modelyard_cog COMMAND …``: starts the command, which is Cog's server, asks it once, and ends it.

Exit code 0: the prediction succeeded. Else the last line of the log begins with ``cog: `` and says why not.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

if __name__ == "__main__" and not __package__:
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != here]
    sys.path.append(str(here.parent))

from modelyard_cog.answers import OUT, keep_answer
from modelyard_cog.failures import REASON, Cancelled, Failed
from modelyard_cog.files import Files, given
from modelyard_cog.server import Server

CANCELLED = 128 + signal.SIGTERM


def main(command: list[str]) -> int:
    """Returns the exit code."""
    signal.signal(signal.SIGTERM, _cancel)
    server: Server | None = None
    try:
        files = Files()
        server = Server(command)
        server.wait_until_ready()
        with tempfile.TemporaryFile(dir=OUT) as answer:
            server.predict(given(files), answer)
            keep_answer(answer, server.describe_output())
    except Failed as error:
        return _end(server, 1, str(error))
    except OSError as error:
        return _end(server, 1, f"the results could not be written: {error}")
    except Cancelled:
        if server:
            server.cancel()
        return _end(server, CANCELLED, "cancelled")
    return _end(server, 0)


def _cancel(_number: int, _frame: Any) -> NoReturn:
    """Once: what follows is the end in any case."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Cancelled


def _end(server: Server | None, code: int, reason: str = "") -> int:
    """Ends the server, so that the reason is the last line of the log."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if server:
        server.stop()
    if reason:
        sys.stdout.buffer.write(f"{REASON}{reason}\n".encode("utf-8", "replace"))
    sys.stdout.buffer.flush()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
