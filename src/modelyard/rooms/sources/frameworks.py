"""Models that come without a predict function: which library reads them, and what that needs.

Nothing is guessed: a requirement is added only where the file itself says what it was made with, or where any version
reads it. Otherwise the person who pushes is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelyard.rooms.signatures.schemas import Target
from modelyard.rooms.sources.errors import ConfigInvalid, ProjectIncomplete, WeightsUnreadable
from modelyard.rooms.sources.keras_files import HDF5, KERAS_SUFFIX, read_keras
from modelyard.rooms.sources.pickles import PickleContents, read_pickle
from modelyard.rooms.sources.weights import PICKLES, TORCH
from modelyard.rooms.sources.xgboost_files import XGBOOST, is_xgboost

ESTIMATORS = ("sklearn", "xgboost", "lightgbm", "estimator")
NAMES = (*ESTIMATORS, "onnx", "keras", "torch", "mlflow")
PACKAGES = {
    "sklearn": "scikit-learn", "PIL": "pillow", "cv2": "opencv-python-headless", "skimage": "scikit-image",
    "xgboost": "xgboost", "lightgbm": "lightgbm", "catboost": "catboost",
}  # fmt: skip
"""Distributions whose name is not that of their module, and those that are worth asking for by name."""
COME_ALONG = frozenset({"numpy", "scipy", "joblib", "threadpoolctl"})
"""What scikit-learn and the others bring by themselves."""
STANDARD = frozenset(
    {"builtins", "__builtin__", "copyreg", "copy_reg", "_codecs", "collections", "datetime", "decimal"}
)
REQUIREMENTS_REMEDY = "Push it with --requirements FILE, with the versions that the model was made with."


@dataclass(frozen=True, slots=True)
class Framework:
    """How a model without a predict function is called.

    ``model`` is the class or function of the source that makes an empty model (torch), ``arguments`` what it is given;
    ``input_shape`` is that of one input, without the batch, with None for a dimension of any size; None: not said.
    """

    name: str
    model: Target | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    input_shape: tuple[int | None, ...] | None = None

    @property
    def target(self) -> Target:
        """What the box calls: an adapter of its own."""
        adapter = "estimator" if self.name in ESTIMATORS else self.name
        return Target(f"modelyard_box.flavours.{adapter}", "predict", "Model")

    def to_json(self) -> dict[str, Any]:
        """The form of ``box.json``."""
        shape = list(self.input_shape) if self.input_shape is not None else None
        model = str(self.model) if self.model else None
        return {"name": self.name, "model": model, "arguments": dict(self.arguments), "input_shape": shape}


def detect_framework(artifact: Path) -> Framework:
    """What a model file alone is, by its name and, for a pickle, by what it imports.

    Raises ``WeightsUnreadable`` for a file that is of no kind known here, or damaged.
    """
    suffix = artifact.suffix.lower()
    if suffix in (".onnx", KERAS_SUFFIX):
        return Framework(suffix[1:])
    if suffix in HDF5:
        return Framework("keras")
    if is_xgboost(artifact):
        return Framework("xgboost")
    if suffix in PICKLES:
        return Framework(_estimator_of(_readable_pickle(artifact)))
    if suffix in (*TORCH, ".safetensors"):
        raise ProjectIncomplete(
            f"{artifact.name} holds weights of PyTorch, but not the module that they belong to.",
            remedy="Push a folder with its code and a modelyard.yaml with framework: torch, model and artifact.",
            field="artifact",
        )
    kinds = ", ".join((*PICKLES[:3], ".onnx", KERAS_SUFFIX, *HDF5[:1], *XGBOOST))
    what = "is no model that XGBoost saved" if suffix in XGBOOST else "is of no kind that can be pushed alone"
    raise WeightsUnreadable(
        f"{artifact.name} {what}.",
        remedy=f"Push a file that ends in {kinds}, or add the source and a config that says how it is called.",
        field="artifact",
    )


def needed_requirements(framework: Framework, artifact: Path | None) -> tuple[str, tuple[str, ...]]:
    """The requirements of a model whose push has none, one a line, and notes on where they come from.

    Raises ``ProjectIncomplete`` when they cannot be known, naming what is missing.
    """
    if framework.name == "onnx":
        return "onnxruntime\n", ("It has no requirements, so the newest onnxruntime is used.",)
    if artifact is not None and is_xgboost(artifact):
        return "xgboost-cpu\n", ("It has no requirements, so the newest XGBoost is used, without its parts for GPUs.",)
    if framework.name == "keras" and artifact is not None and artifact.suffix.lower() not in HDF5:
        return _keras_requirements(artifact)
    if framework.name in ESTIMATORS and artifact is not None:
        return _pickle_requirements(_readable_pickle(artifact), artifact.name)
    raise ProjectIncomplete(
        f"A model of {framework.name} needs requirements.",
        remedy="Add a requirements.txt with the versions that the model was made with.",
        field="requirements",
    )


def check_framework(framework: Framework, *, has_artifact: bool) -> None:
    """Raises ``ConfigInvalid`` or ``ProjectIncomplete`` for a combination that no box could load."""
    if framework.name != "torch" and (framework.model or framework.arguments):
        raise ConfigInvalid("model and arguments are for framework: torch.", field="/model")
    if framework.name == "torch" and framework.model is None:
        raise ConfigInvalid(
            "It is not said which module the weights belong to.", remedy='Write model: "m:Net".', field="/model"
        )
    if not has_artifact and framework.name != "mlflow":
        raise ProjectIncomplete(
            f"framework: {framework.name} needs the model's file.", remedy="Name it with artifact:.", field="/artifact"
        )


def _readable_pickle(artifact: Path) -> PickleContents:
    contents = read_pickle(artifact)
    if contents.problem and not contents.globals:
        raise WeightsUnreadable(
            f"{artifact.name} is no pickle, or it is damaged: {contents.problem}.",
            remedy="Save the model again and push that file.",
            field="artifact",
        )
    return contents


def _estimator_of(contents: PickleContents) -> str:
    modules = contents.modules()
    return next((name for name in ("xgboost", "lightgbm", "sklearn") if name in modules), "estimator")


def _pickle_requirements(contents: PickleContents, name: str) -> tuple[str, tuple[str, ...]]:
    """Only what the file says: scikit-learn's estimators note their version, nothing else does."""
    modules = contents.modules() - STANDARD - COME_ALONG
    unknown = sorted(PACKAGES.get(module, module) for module in modules - {"sklearn"})
    if unknown or contents.problem:
        wanted = ", ".join(unknown) or "packages that cannot be told"
        raise ProjectIncomplete(
            f"{name} needs {wanted}, and does not say of which version.",
            remedy=REQUIREMENTS_REMEDY,
            field="requirements",
        )
    if len(contents.versions) != 1:
        what = f"versions {', '.join(sorted(contents.versions))} at once" if contents.versions else "no version"
        raise ProjectIncomplete(
            f"{name} names {what} of scikit-learn.", remedy=REQUIREMENTS_REMEDY, field="requirements"
        )
    version = next(iter(contents.versions))
    lines = [f"scikit-learn=={version}"]
    if any(found.module.startswith("numpy._core") for found in contents.globals):
        lines.append("numpy>=2")
    if any(found.module.startswith("sklearn.compose") for found in contents.globals):
        lines.append("pandas")
    note = f"It has no requirements; scikit-learn=={version} is what the file says that it was made with."
    return "".join(f"{line}\n" for line in lines), (note,)


def _keras_requirements(artifact: Path) -> tuple[str, tuple[str, ...]]:
    found = read_keras(artifact)
    if found.problem:
        raise WeightsUnreadable(
            f"{artifact.name}: {found.problem}", remedy="Save it with model.save('model.keras').", field="artifact"
        )
    major = found.version.partition(".")[0]
    if major != "3":
        raise ProjectIncomplete(
            f"{artifact.name} was made with Keras {found.version or 'of no named version'}, which is not 3.",
            remedy="Push it with requirements that have tensorflow in the version that it was made with.",
            field="requirements",
        )
    note = f"It has no requirements; keras=={found.version} is what the file says, and JAX is the smallest to run it."
    return f"keras=={found.version}\njax\n", (note,)
