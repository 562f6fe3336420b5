"""Repositories as the API speaks of them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from modelyard.rooms.access.schemas import MemberRole, Visibility


class Kind(StrEnum):
    MODEL = "model"
    DATASET = "dataset"
    OPERATION = "operation"


def _no_git_suffix(name: str) -> str:
    if name.endswith((".git", ".lock")):
        raise ValueError("a name cannot end in .git or .lock")
    return name


RepositoryName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$"),
    AfterValidator(_no_git_suffix),
]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[^\s,]+$")]
Title = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]*$")]
Description = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]


class NewRepository(BaseModel):
    """``owner`` defaults to the caller."""

    owner: str | None = Field(None, max_length=39)
    name: RepositoryName
    kind: Kind = Kind.MODEL
    visibility: Visibility = Visibility.PRIVATE
    title: Title = ""
    description: Description = ""
    tags: list[Tag] = Field(default_factory=list, max_length=20)


class NewFork(BaseModel):
    """A copy; ``owner`` defaults to the caller, ``name`` to that of what is copied."""

    owner: str | None = Field(None, max_length=39)
    name: RepositoryName | None = None
    visibility: Visibility = Visibility.PRIVATE


class RepositoryChange(BaseModel):
    """What is absent stays as it is."""

    name: RepositoryName | None = None
    visibility: Visibility | None = None
    title: Title | None = None
    description: Description | None = None
    tags: list[Tag] | None = Field(None, max_length=20)


class Repository(BaseModel):
    """A repository as a caller sees it; ``can_write`` says whether this caller is a maintainer."""

    id: UUID
    owner: str
    owner_id: UUID
    name: str
    kind: Kind
    visibility: Visibility
    title: str
    description: str
    tags: list[str]
    picture: str | None = Field(None, description="Address of its picture; null for none.")
    data_types: list[str] = Field(
        default_factory=list, description="What its data are: `image`, `table`, `text`, `number`, …"
    )
    stars: int = 0
    starred: bool = Field(False, description="Whether the caller has starred it.")
    downloads: int = Field(0, description="Each account counts once for each version.")
    rating: float | None = Field(None, description="Mean of the ratings from 1 to 5; null where nobody gave one.")
    ratings: int = Field(0, description="How many accounts rated it.")
    forked_from: str | None = Field(
        None, description="Address of what it was copied from; null for nothing, or what the caller may not see."
    )
    created_at: datetime
    updated_at: datetime
    role: MemberRole | None = Field(
        None, description="What the caller is here; null for nothing. Administrators are owners everywhere."
    )
    can_write: bool = Field(False, description="Whether the caller is a maintainer or more.")

    @property
    def address(self) -> str:
        return f"{self.owner}/{self.name}"


Label = Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=r"^[^\x00]*$")]


class SearchQuery(BaseModel):
    """What is looked for; what is left out may be anything. Several tags or data types must all be there."""

    q: str = Field(
        "", max_length=200, description="Words in name, owner, title, tags, description and card; the last may be cut."
    )
    kind: Kind | None = None
    owner: str | None = Field(None, max_length=39)
    visibility: Visibility | None = None
    tag: list[Label] = Field(default_factory=list, max_length=10)
    data_type: list[Label] = Field(default_factory=list, max_length=10)


class NewPicture(BaseModel):
    """The id of a finished upload: a PNG, JPEG or WebP picture of at most 10 MiB."""

    upload: UUID


class TreeEntry(BaseModel):
    """A file or folder at some revision; ``size`` in bytes is that of the content, also for a file kept by LFS."""

    path: str
    name: str
    type: str = Field(description="`file` or `folder`")
    size: int | None = None
    lfs: bool = False


class Commit(BaseModel):
    id: str
    message: str
    author: str
    at: datetime
    parents: list[str] = Field(default_factory=list, description="What it was made from, first the branch's own.")


class Branch(BaseModel):
    """`protected`: it only moves forward and cannot be deleted."""

    name: str
    commit: Commit
    protected: bool


class GitTag(BaseModel):
    """A tag, those of versions (`v1`) included; `commit` is what it stands for."""

    name: str
    commit: str


BranchName = Annotated[str, StringConstraints(min_length=1, max_length=189, pattern=r"^[^\s\x00-\x1f\x7f]+$")]


class NewBranch(BaseModel):
    """`revision`: the branch, tag or commit that it begins at."""

    name: BranchName
    revision: str = Field("main", max_length=200)


class TextChange(BaseModel):
    """A file with its new text; null removes it."""

    path: str = Field(min_length=1, max_length=1000)
    content: str | None


class NewCommit(BaseModel):
    """Changes to text files of a branch; what is not named stays."""

    branch: BranchName = "main"
    base: str = Field(
        pattern="^[0-9a-f]{40}$",
        description="The commit that the branch was at when it was read; zeros for none.",
    )
    message: str = Field(min_length=1, max_length=2000, pattern=r"^[^\x00]*$")
    changes: list[TextChange] = Field(min_length=1, max_length=100)


class FileSide(BaseModel):
    """A file at one side of a comparison; ``size`` in bytes is that of the content, also for a file kept by LFS."""

    path: str
    size: int
    lfs: bool


class FileChange(BaseModel):
    """``before`` is absent for a file that was added, ``after`` for one that was removed."""

    path: str
    status: str = Field(description="`added`, `removed`, `changed` or `renamed`")
    before: FileSide | None = None
    after: FileSide | None = None


class Comparison(BaseModel):
    """What differs between two commits, by path; ``total`` counts also those beyond the first thousand."""

    base: str
    head: str
    files: list[FileChange]
    total: int


class CommitChanges(BaseModel):
    """A commit and what it changed in its first parent."""

    commit: Commit
    changes: Comparison


class LfsObject(BaseModel):
    """One object of a Git LFS batch request: ``oid`` is a SHA-256 in hex, ``size`` bytes."""

    oid: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0)


class LfsBatch(BaseModel):
    """A Git LFS batch request (https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md)."""

    operation: str
    transfers: list[str] = Field(default_factory=lambda: ["basic"])
    objects: list[LfsObject] = Field(max_length=1000)
    hash_algo: str = "sha256"
