"""Model files that are pickles: read as the user's own pickle or joblib would."""

import importlib
import os
import pickle
import warnings
from collections.abc import Iterable
from typing import Any

from modelyard_box.errors import LoadError
from modelyard_box.reasons import artifact_reason


def read_artifact(path: str) -> tuple[Any, str]:
    """The model, and what is to be said when scikit-learn of another version made it; empty when it did not.

    Unpickles with ``pickle``, else with the user's joblib. Raises LoadError, which says that too.
    """
    caught: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            return _read(path), _version_words(caught)
    except LoadError as error:
        said = _version_words(caught)
        if not said:
            raise
        raise LoadError(f"{said}; {error.reason}", field="requirements") from (error.__cause__ or error)
    finally:
        for found in caught:
            warnings.warn_explicit(found.message, found.category, found.filename, found.lineno)


def _read(path: str) -> Any:
    name = os.path.basename(path)  # noqa: PTH119
    try:
        file = open(path, "rb")  # noqa: PTH123, SIM115 (what opening raises is not what reading does)
    except OSError as error:
        raise LoadError(f"the image's file {path} cannot be opened ({error.strerror})", field="artifact") from error
    with file:
        try:
            return pickle.load(file)  # noqa: S301 (running the user's code is what this process is for)
        except BaseException as error:
            return _read_with_joblib(path, error, name)


def _read_with_joblib(path: str, pickle_error: BaseException, name: str) -> Any:
    """joblib's files begin like pickles but continue with raw arrays, or are compressed."""
    reason = LoadError(artifact_reason(pickle_error, name), field="artifact")
    if isinstance(pickle_error, ImportError | MemoryError | FileNotFoundError):
        raise reason from pickle_error
    try:
        joblib = importlib.import_module("joblib")
    except ImportError:
        raise reason from pickle_error
    try:
        return joblib.load(path)
    except BaseException:
        raise reason from pickle_error


def _version_words(caught: Iterable[warnings.WarningMessage]) -> str:
    """From scikit-learn's ``InconsistentVersionWarning``."""
    for warning in caught:
        found = warning.message
        then, now = getattr(found, "original_sklearn_version", ""), getattr(found, "current_sklearn_version", "")
        if then and now:
            return f"the model was made with scikit-learn {then}, and {now} is installed: require scikit-learn=={then}"
    return ""
