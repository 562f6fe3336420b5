"""Files that XGBoost itself writes: JSON, or the same as UBJSON. Nothing is loaded."""

from pathlib import Path

XGBOOST = (".json", ".ubj")
HEAD = 64


def is_xgboost(path: Path) -> bool:
    """Whether the file begins as ``Booster.save_model`` lets it: one object whose first member is ``learner``."""
    if path.suffix.lower() not in XGBOOST:
        return False
    with path.open("rb") as file:
        head = file.read(HEAD).lstrip()
    return head.startswith(b"{") and b"learner" in head
