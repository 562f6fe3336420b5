"""Why a target does not load, in words for the person who pushed it: what is wrong, and what to do."""

import os
import pickle
import re
import sys
import traceback

_PACKAGES = {
    "Bio": "biopython", "PIL": "pillow", "cv2": "opencv-python-headless", "dateutil": "python-dateutil",
    "fitz": "pymupdf", "skimage": "scikit-image", "sklearn": "scikit-learn", "yaml": "pyyaml",
}  # fmt: skip
_LIBRARIES = {
    "libGL.so": "libgl1", "libX11.so": "libx11-6", "libXext.so": "libxext6", "libSM.so": "libsm6",
    "libglib-2.0.so": "libglib2.0-0", "libgthread-2.0.so": "libglib2.0-0", "libgomp.so": "libgomp1",
    "libsndfile.so": "libsndfile1",
}  # fmt: skip
"""The Debian packages of libraries that wheels are known to want from the system."""
_NO_LIBRARY = re.compile(r"([^\s:'\"\[]+\.so[.\d]*): cannot open shared object file")
"""What the dynamic loader says: in the ImportError of an extension, the OSError of ctypes, or a package's own error."""
_LARGEST_QUOTE = 500


def import_reason(error: BaseException, module: str, source: str) -> str:
    """Why importing the target's module failed."""
    if isinstance(error, ModuleNotFoundError) and error.name == module.partition(".")[0]:
        return f"the source has no module '{module}': the predict target names a module that is not in it"
    return f"module '{module}' cannot be imported: {code_reason(error)}"


def artifact_reason(error: BaseException, name: str) -> str:
    """Why reading the model file ``name`` failed."""
    text = str(error)
    if isinstance(error, AttributeError) and "__main__" in text:
        return (
            f"{name} refers to something defined in the script or notebook that saved it ({_quote(text)}): "
            "define it in a module of the source, import it from there, and save the model again"
        )
    if isinstance(error, ImportError | AttributeError | MemoryError | OSError):
        return f"{name} cannot be unpickled: {code_reason(error)}"
    if isinstance(error, pickle.UnpicklingError | EOFError):
        return f"{name} is not a pickle, or it is damaged ({_quote(text) or 'it ends too early'})"
    return f"{name} cannot be unpickled, is it a pickle? {type(error).__name__}: {_quote(text)}"


def code_reason(error: BaseException) -> str:
    """What an exception that came out of the user's code means."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _missing_module(error.name)
    if found := _NO_LIBRARY.search(str(error)):
        return _missing_library(found[1])
    if isinstance(error, MemoryError):
        return f"it needs more memory than it may have ({_quote(str(error)) or 'MemoryError'})"
    return f"{type(error).__name__}: {_quote(str(error))}" if str(error) else type(error).__name__


def user_traceback(error: BaseException) -> str:
    """The traceback without the box's own frames at its start."""
    ours = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    traceback.clear_frames(error.__traceback__)  # what filled the memory is held by them, and a report needs some
    report = traceback.TracebackException.from_exception(error)
    while report.stack and report.stack[0].filename.startswith(ours):
        del report.stack[0]
    return "".join(report.format())


def _missing_library(name: str) -> str:
    """What is named by a path is not the system's to have."""
    if "/" in name:
        return f"the library {name} is missing: add it to the source"
    package = next((package for part, package in _LIBRARIES.items() if name.startswith(part)), None)
    wanted = f"add {package}" if package else "add the Debian package that has it"
    return f"the system library {name} is missing: {wanted} to system_packages in modelyard.yaml"


def _missing_module(name: str) -> str:
    top = name.partition(".")[0]
    if top in sys.modules and top != name:
        version = getattr(sys.modules[top], "__version__", "here")
        return f"{top} {version} has no module '{name}': pin the version of {top} that the model was made with"
    return f"module '{name}' is missing: add {_PACKAGES.get(top, top)} to the requirements"


def _quote(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LARGEST_QUOTE else f"{text[:_LARGEST_QUOTE]}…"
