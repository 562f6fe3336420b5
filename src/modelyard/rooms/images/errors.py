"""What can go wrong while an image is assembled."""

from modelyard.kit.errors import Invalid, NotFound, Unauthenticated, Unavailable


class UnknownPackage(Invalid):
    code = "package_unknown"
    title = "A required package does not exist"


class PackagesConflict(Invalid):
    code = "packages_conflict"
    title = "The requirements contradict each other"


class NoWheel(Invalid):
    code = "package_without_wheel"
    title = "A required package has no wheel for the platform"


class RequirementRefused(Invalid):
    code = "requirement_refused"
    title = "A line of the requirements is not a plain requirement"


class WheelRefused(Invalid):
    code = "wheel_refused"
    title = "A wheel cannot be put into an image"


class UnknownSystemPackage(Invalid):
    code = "system_package_unknown"
    title = "A system package cannot be had"


class PlatformUnknown(Invalid):
    code = "platform_unknown"
    title = "Images cannot be made for this platform"


class PythonUnavailable(Invalid):
    code = "python_unavailable"
    title = "There is no base image with this Python"


class LockRefused(Invalid):
    code = "lock_refused"
    title = "The lock cannot be used"


class SourceRefused(Invalid):
    code = "image_source_refused"
    title = "A file of the source cannot be put into an image"


class IndexUnavailable(Unavailable):
    code = "package_index_unavailable"
    title = "The package index does not answer"


class MirrorUnavailable(Unavailable):
    code = "system_packages_unavailable"
    title = "The mirror of system packages does not answer"


class RegistryUnavailable(Unavailable):
    code = "registry_unavailable"
    title = "The image registry does not answer"


class BaseUnavailable(Unavailable):
    code = "base_unavailable"
    title = "The base image cannot be made here"


class FrontUnavailable(Unavailable):
    code = "front_unavailable"
    title = "The front end for bundles cannot be made here"


class ManifestMissing(NotFound):
    code = "manifest_missing"
    title = "No such image"


class RegistrySignIn(Unauthenticated):
    code = "registry_sign_in"
    title = "Ask for a token first"
