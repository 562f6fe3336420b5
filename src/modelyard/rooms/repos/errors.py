"""What can go wrong with repositories."""

from modelyard.kit.errors import Conflict, Forbidden, Invalid, ModelyardError, NotFound, TooLarge


class RepositoryMissing(NotFound):
    code = "repository_missing"
    title = "No such repository"


class RepositoryExists(Conflict):
    code = "repository_exists"
    title = "A repository of this name exists already"


class RevisionMissing(NotFound):
    code = "revision_missing"
    title = "No such branch, tag or commit"


class BranchMoved(Conflict):
    code = "branch_moved"
    title = "Others pushed meanwhile"


class BranchExists(Conflict):
    code = "branch_exists"
    title = "There is such a branch already"


class BranchMissing(NotFound):
    code = "branch_missing"
    title = "No such branch"


class BranchNameInvalid(Invalid):
    code = "branch_name_invalid"
    title = "This cannot be the name of a branch"


class BranchProtected(Forbidden):
    code = "branch_protected"
    title = "The branch is protected"


class PathTaken(Conflict):
    code = "path_taken"
    title = "Something else has this path"


class RefExists(Conflict):
    code = "ref_exists"
    title = "There is a branch or tag of this name"


class RefRefused(Forbidden):
    """A protected branch, a tag of the platform's, or a name that Git does not take."""

    code = "ref_refused"
    title = "This branch or tag cannot be changed so"


class FileMissing(NotFound):
    code = "file_missing"
    title = "No such file at this revision"


class GitPathRefused(Invalid):
    code = "git_path_refused"
    title = "Git takes no file of this name"


class OwnerInvalid(Invalid):
    code = "owner_invalid"
    title = "No such owner"


class GitServiceUnknown(Forbidden):
    code = "git_service_unknown"
    title = "This Git service is not offered"


class LfsUnsupported(Invalid):
    code = "lfs_unsupported"
    title = "This Git LFS operation is not offered"


class LfsLocksUnsupported(ModelyardError):
    """Clients that ask for locks take this answer (501) for "not here" and go on."""

    status = 501
    code = "lfs_locks_unsupported"
    title = "Git LFS locks are not offered"


class LfsTicketInvalid(Forbidden):
    code = "lfs_ticket_invalid"
    title = "The address for this upload is not valid any more"


class PictureInvalid(Invalid):
    code = "picture_invalid"
    title = "The picture cannot be used"


class PictureTooLarge(TooLarge):
    code = "picture_too_large"
    title = "The picture is too large"


class PictureMissing(NotFound):
    code = "picture_missing"
    title = "The repository has no picture"
