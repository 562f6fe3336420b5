"""What the server answers, as typed dictionaries: what it adds later is kept, and ``--json`` shows it as it came."""

from typing import Any, Generic, NotRequired, TypedDict, TypeVar

Item = TypeVar("Item")


class Page(TypedDict, Generic[Item]):
    items: list[Item]
    next_cursor: str | None


class Account(TypedDict):
    id: str
    username: str
    display_name: str
    role: str
    disabled: bool
    created_at: str


class SessionInfo(TypedDict):
    account: Account | None
    sign_up: str
    require_sign_in: bool


class CreatedToken(TypedDict):
    id: str
    name: str
    scopes: list[str]
    expires_at: str | None
    secret: str


class Repository(TypedDict):
    id: str
    owner: str
    name: str
    kind: str
    visibility: str
    title: str
    description: str
    tags: list[str]
    data_types: list[str]
    stars: int
    downloads: int
    rating: float | None
    ratings: int
    created_at: str
    updated_at: str
    can_write: bool
    forked_from: str | None


class Image(TypedDict):
    digest: str
    size: int


class Stage(TypedDict):
    name: str
    state: str
    text: str
    started_at: str | None
    ended_at: str | None


class Signature(TypedDict):
    """``inputs`` is a JSON Schema of an object, ``output`` one of the result, or of an item of a streamed one."""

    inputs: dict[str, Any]
    output: dict[str, Any]
    streams: bool
    notes: list[str]


class WeightsFinding(TypedDict):
    path: str
    label: str
    detail: str


class Weights(TypedDict):
    """What the format of the weights can do, and what was seen in them: a label, never a promise."""

    format: str
    label: str
    meaning: str
    findings: list[WeightsFinding]


class Contents(TypedDict):
    files: int
    size: int


class Operation(TypedDict):
    kind: str
    origin: str
    options: bool
    published: bool
    outdated: bool


class Version(TypedDict):
    """``image`` is null until it is ready; ``reason`` and ``remedy`` say why it failed."""

    number: int
    state: str
    message: str
    commit_id: str
    pushed_by: str | None
    platforms: list[str]
    target: str
    signature: Signature
    card: dict[str, Any]
    notes: list[str]
    framework: str | None
    weights: Weights | None
    operation: Operation | None
    image: Image | None
    contents: Contents | None
    reason: str | None
    remedy: str | None
    created_at: str
    ready_at: str | None
    stages: list[Stage]


class RegistrySignIn(TypedDict):
    """How the caller signs in to a registry elsewhere; its secret is never shown."""

    id: str
    registry: str
    username: str
    created_at: str


class Alias(TypedDict):
    alias: str
    version: int
    previous: int | None
    answering: int
    updated_at: str


class Replica(TypedDict):
    id: str
    version: int
    state: str
    isolation: str | None
    reason: str | None


class Deployment(TypedDict):
    owner: str
    name: str
    wanted: str
    callers: str
    replicas: int
    workers: int
    keep_warm: bool
    idle_stop_seconds: int
    aliases: list[Alias]
    running: list[Replica]
    url: str


class UsageLine(TypedDict):
    kind: str
    quantity: float
    day: str | None
    account: str | None
    repository: str | None
    repository_id: str | None
    deleted: bool
    version: int | None
    run: str | None


class UsageReport(TypedDict):
    since: str
    until: str
    by: str
    account: str | None
    items: list[UsageLine]
    complete: bool


class Quota(TypedDict):
    kind: str
    limit: float | None
    used: float | None
    left: float | None
    renews_at: str | None
    is_default: bool


class InputField(TypedDict):
    """``kind``: ``file``, ``image`` and ``table`` are one file, ``files`` any number."""

    name: str
    kind: str
    title: str
    description: str
    required: bool


class Form(TypedDict):
    """What a version's runs are asked for with; ``parameters`` is a JSON Schema of an object."""

    version: int
    purpose: str
    inputs: list[InputField]
    parameters: dict[str, Any]
    resources: dict[str, Any]


class RunSummary(TypedDict):
    """A run in a list; ``progress`` from 0 to 1, None where it has not said."""

    id: str
    repository: str
    version: int
    purpose: str
    title: str
    account: str | None
    state: str
    attempt: int
    progress: float | None
    progress_text: str | None
    exit_code: int | None
    reason: str | None
    experiment_id: str | None
    created_at: str
    started_at: str | None
    ended_at: str | None


class Run(RunSummary):
    """``reason`` says why it failed; ``reproduces`` which run it does again."""

    image_digest: str
    parameters: dict[str, Any]
    inputs: list[dict[str, Any]]
    resources: dict[str, Any] | None
    labels: list[str]
    priority: int
    max_attempts: int
    reproduces: str | None
    keep_as: dict[str, Any] | None
    isolation: str | None
    result: dict[str, Any] | None
    cancelled: bool
    cpu_seconds: float | None
    memory_peak_bytes: int | None
    attempts: list[dict[str, Any]]


class Experiment(TypedDict):
    """A group of runs; ``columns`` are those of its table that were chosen, none: all."""

    id: str
    name: str
    description: str
    columns: list[str]
    pinned: str | None
    runs: int
    created_at: str


class MetricSummary(TypedDict):
    last: float
    lowest: float
    highest: float


class ComparedRun(TypedDict):
    """A row of an experiment's table; ``inputs`` says where each comes from, ``seconds`` how long it was executed."""

    run: RunSummary
    parameters: dict[str, Any]
    metrics: dict[str, MetricSummary]
    inputs: dict[str, str]
    seconds: float | None
    is_pinned: bool


class ExperimentTable(TypedDict):
    """``columns`` are all that there are, as ``parameters.depth`` and ``metrics.loss``."""

    columns: list[str]
    rows: list[ComparedRun]


class Output(TypedDict):
    path: str
    size: int
    digest: str
    media_type: str
    view: str


class MetricPoint(TypedDict):
    step: int
    value: float
    at: str


class MetricSeries(TypedDict):
    """``total`` is how many points there are; fewer of them may be in ``points``."""

    name: str
    points: list[MetricPoint]
    last: float
    total: int


class RunCurve(TypedDict):
    run_id: str
    title: str
    points: list[MetricPoint]


class SameOutput(TypedDict):
    path: str
    same: bool
    first: str | None
    second: str | None


class Comparison(TypedDict):
    """A run and the one that did it again, by their outputs' digests."""

    first: str
    second: str
    identical: bool
    outputs: list[SameOutput]


class Member(TypedDict):
    """``expires_at`` None: for good; ``through`` is the organisation that they belong by, None for a member itself."""

    username: str
    display_name: str
    role: str
    expires_at: str | None
    since: str
    through: str | None


class MemberInvitation(TypedDict):
    """``secret`` and ``url`` are there only where a link was made just now."""

    id: str
    repository: str | None
    organisation: str | None
    username: str | None
    role: str
    invited_by: str
    expires_at: str
    secret: NotRequired[str | None]
    url: NotRequired[str | None]


class Organisation(TypedDict):
    """``role`` is the caller's there; None for nothing."""

    username: str
    display_name: str
    role: str | None
    created_at: str


class DataItem(TypedDict):
    """An image of a dataset; ``row`` names it in its version. ``error``: why the file could not be read."""

    row: int
    path: str
    label: str | None
    split: str | None
    size: int
    width: int | None
    height: int | None
    error: str | None


class ItemPage(TypedDict):
    """Images from the ``start``-th on, of the ``total`` that were asked for."""

    items: list[DataItem]
    start: int
    total: int
