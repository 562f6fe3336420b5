"""Why a target does not load, in words for the person who pushed it: what is wrong, and what to do."""

import pickle
import sys

_PACKAGES = {
    "Bio": "biopython", "PIL": "pillow", "cv2": "opencv-python-headless", "dateutil": "python-dateutil",
    "fitz": "pymupdf", "skimage": "scikit-image", "sklearn": "scikit-learn", "yaml": "pyyaml",
}  # fmt: skip
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
    if isinstance(error, ImportError | AttributeError | MemoryError):
        return f"{name} cannot be unpickled: {code_reason(error)}"
    if isinstance(error, pickle.UnpicklingError | EOFError):
        return f"{name} is not a pickle, or it is damaged ({_quote(text) or 'it ends too early'})"
    return f"{name} cannot be unpickled, is it a pickle? {type(error).__name__}: {_quote(text)}"


def code_reason(error: BaseException) -> str:
    """What an exception that came out of the user's code means."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _missing_module(error.name)
    if isinstance(error, ImportError) and "cannot open shared object file" in str(error):
        library = str(error).partition(":")[0]
        return f"the system library {library} is missing: add the Debian package that has it to the system packages"
    if isinstance(error, MemoryError):
        return f"it needs more memory than it may have ({_quote(str(error)) or 'MemoryError'})"
    return f"{type(error).__name__}: {_quote(str(error))}" if str(error) else type(error).__name__


def _missing_module(name: str) -> str:
    top = name.partition(".")[0]
    if top in sys.modules and top != name:
        version = getattr(sys.modules[top], "__version__", "here")
        return f"{top} {version} has no module '{name}': pin the version of {top} that the model was made with"
    return f"module '{name}' is missing: add {_PACKAGES.get(top, top)} to the requirements"


def _quote(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LARGEST_QUOTE else f"{text[:_LARGEST_QUOTE]}…"
