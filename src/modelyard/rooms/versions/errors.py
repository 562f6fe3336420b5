"""What can go wrong with versions."""

from modelyard.kit.errors import Conflict, Invalid, NotFound


class VersionMissing(NotFound):
    code = "version_missing"
    title = "No such version"


class VersionStateInvalid(Conflict):
    code = "version_state_invalid"
    title = "The version is not in a state that allows this"


class VersionInUse(Conflict):
    code = "version_in_use"
    title = "The version is in use"


class VersionNotReady(Conflict):
    code = "version_not_ready"
    title = "The version is not ready"


class VersionUnpublished(Conflict):
    code = "version_unpublished"
    title = "The version is not published"


class VersionsUnfinished(Conflict):
    code = "versions_unfinished"
    title = "A version is still being made"


class BuildOutdated(Conflict):
    code = "build_outdated"
    title = "A later attempt at this build has taken over"


class NotAModel(Invalid):
    code = "not_a_model"
    title = "Only models can do this"


class NotADataset(Invalid):
    code = "not_a_dataset"
    title = "Only datasets can do this"


class EditInvalid(Invalid):
    """An edit that names what is not there, or changes nothing."""

    code = "edit_invalid"
    title = "The images cannot be changed so"


class EditOutdated(Conflict):
    """The version is not the newest state of the dataset."""

    code = "edit_outdated"
    title = "The dataset has changed meanwhile"


class NotAnOperation(Invalid):
    code = "not_an_operation"
    title = "Only operations can do this"


class ImageKnown(Conflict):
    code = "image_known"
    title = "There is a version of this image"


class ResourcesRefused(Invalid):
    code = "resources_refused"
    title = "The version asks for more than this site gives"


class PartsInvalid(Invalid):
    code = "parts_invalid"
    title = "The parts of the push do not fit together"


class LabelRefused(Invalid):
    code = "label_refused"
    title = "A label of the image cannot be used"


class CheckFailed(Invalid):
    code = "check_failed"
    title = "The model could not be loaded"
