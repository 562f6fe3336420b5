"""What can go wrong while an image is assembled."""

from modelyard.kit.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated, Unavailable


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


class RegistryScopeMissing(Forbidden):
    """The token is one that the registry gave for less than this; clients ask for another (RFC 6750, section 3.1)."""

    code = "registry_scope_missing"
    title = "Ask for another token"


class ManifestRefused(Invalid):
    status = 400
    code = "manifest_refused"
    title = "The manifest cannot be accepted"


class ManifestIncomplete(Invalid):
    """The repository does not hold what a pushed manifest refers to (400)."""

    status = 400
    code = "manifest_incomplete"
    title = "Something that the manifest refers to is not here"


class DigestRefused(Invalid):
    status = 400
    code = "digest_refused"
    title = "The digest is not that of the bytes"


class TagRefused(Invalid):
    status = 400
    code = "tag_refused"
    title = "The tag cannot be used"


class TagReserved(Forbidden):
    code = "tag_reserved"
    title = "Tags such as v1 are written by the platform alone"


class ImageKept(Forbidden):
    code = "image_kept"
    title = "Something stands on this image"


class ImageMisplaced(Forbidden):
    code = "image_misplaced"
    title = "Images are pushed to repositories of kind operation"


class NameRefused(Invalid):
    status = 400
    code = "repository_name_refused"
    title = "A repository cannot have this name"


class ChunkMisplaced(Invalid):
    """A chunk of an upload is not the next one (416); ``received`` bytes are there."""

    status = 416
    code = "chunk_misplaced"
    title = "The chunk is not the next one"

    def __init__(self, detail: str = "", *, received: int, location: str) -> None:
        super().__init__(detail, remedy="Ask with GET where the upload stands and continue from there.")
        self.received = received
        self.location = location

    def headers(self) -> dict[str, str]:
        return {"Range": f"0-{max(self.received - 1, 0)}", "Location": self.location}


class ChunkRefused(Invalid):
    status = 400
    code = "chunk_refused"
    title = "The chunk says something impossible of itself"


class LayerBroken(Invalid):
    code = "layer_broken"
    title = "A layer of the image cannot be unpacked"


class ImageInvalid(Invalid):
    code = "image_invalid"
    title = "The image contradicts itself"


class ReferenceRefused(Invalid):
    code = "image_reference_refused"
    title = "This is not the name of an image"


class RegistryAddressRefused(RegistryUnavailable):
    """An address that nobody but the operator may have the server call (422)."""

    status = 422
    code = "registry_address_refused"
    title = "This server does not call that registry"


class RegistrySignInRefused(RegistryUnavailable):
    """The other registry wants to know who asks, and does not take what it was told (422)."""

    status = 422
    code = "registry_sign_in_refused"
    title = "The other registry refuses the sign-in"


class RemoteImageMissing(Invalid):
    code = "remote_image_missing"
    title = "The other registry has no such image, or does not show it"


class CredentialMissing(NotFound):
    code = "registry_credential_missing"
    title = "No such sign-in to a registry"


class TooManyCredentials(Conflict):
    code = "too_many_registry_credentials"
    title = "There are too many sign-ins to registries"
