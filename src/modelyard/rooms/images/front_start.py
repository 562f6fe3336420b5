"""Starts nginx in the front-end image: writes its configuration for this container's network, then becomes it.

Runs inside the image on its bare Python; imports nothing but the standard library. The environment may name the model's
address (``MODELYARD_MODEL``, default ``model:8000``) and bound requests (``MODELYARD_MAX_BODY_BYTES``).
"""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

NGINX = "/usr/sbin/nginx"
TEMPLATE = Path(__file__).with_name("nginx.conf")
WRITTEN = Path("/tmp/nginx.conf")  # noqa: S108 (the one folder that is writable with a read-only root)
ENGINES_RESOLVER = "127.0.0.11"
"""Where Docker answers for the names of containers."""
BOX_MAX_BODY_BYTES = 100 * 2**20
"""As the box's own bound."""


def main() -> None:
    try:
        names = Path("/etc/resolv.conf").read_text()
    except OSError:
        names = ""
    try:
        WRITTEN.write_text(fill_in(TEMPLATE.read_text(), os.environ, names))
    except ValueError as error:
        sys.exit(f"modelyard-front: {error}")
    os.execv(NGINX, [NGINX, "-e", "stderr", "-c", str(WRITTEN)])  # noqa: S606


def fill_in(template: str, environment: Mapping[str, str], resolv_conf: str) -> str:
    """The configuration; raises ValueError naming a variable that cannot be used.

    nginx looks the model's name up at every call, so that a model which was started later, or anew under another
    address, is found; for that it wants to be told who answers for names.
    """
    model = environment.get("MODELYARD_MODEL") or "model:8000"
    bound = environment.get("MODELYARD_MAX_BODY_BYTES") or str(BOX_MAX_BODY_BYTES)
    if not re.fullmatch(r"[A-Za-z0-9_.-]+:\d{1,5}|\[[0-9A-Fa-f:]+\]:\d{1,5}", model):
        raise ValueError(f"MODELYARD_MODEL is {model!r}, not an address such as model:8000")
    if not re.fullmatch(r"[1-9]\d{0,17}", bound):
        raise ValueError(f"MODELYARD_MAX_BODY_BYTES is {bound!r}, not a number of bytes")
    values = {"MODEL": model, "MAX_BODY_BYTES": bound, "RESOLVERS": " ".join(_resolvers(resolv_conf))}
    return re.sub(r"@([A-Z_]+)@", lambda found: values[found[1]], template)


def _resolvers(resolv_conf: str) -> list[str]:
    found = re.findall(r"^\s*nameserver\s+([0-9A-Fa-f.:]+)\s*$", resolv_conf, re.MULTILINE)
    return [f"[{address}]" if ":" in address else address for address in found] or [ENGINES_RESOLVER]


if __name__ == "__main__":
    main()
