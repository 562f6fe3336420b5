"""What can go wrong with datasets."""

from modelyard.kit.errors import Invalid, NotFound, TooLarge


class SnapshotMissing(NotFound):
    """No such version of a dataset, or it is not ready."""

    code = "snapshot_missing"
    title = "There is no such version of this dataset"


class DatasetFileMissing(NotFound):
    code = "dataset_file_missing"
    title = "The version has no such file"


class DatasetEmpty(Invalid):
    code = "dataset_empty"
    title = "A dataset has to have files"


class DatasetTooLarge(TooLarge):
    code = "dataset_too_large"
    title = "The dataset has too many files"


class DatasetFileRefused(Invalid):
    """A file cannot be where it was put."""

    code = "dataset_file_refused"
    title = "A file cannot have this name"
