"""Finding what a run is to work on, and making sure that it stays."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.rooms.access.policies import own_id
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.content import service as content
from modelyard.rooms.content.errors import UploadIncomplete, UploadMissing
from modelyard.rooms.datasets import service as datasets
from modelyard.rooms.datasets.errors import SnapshotMissing
from modelyard.rooms.datasets.schemas import Snapshot
from modelyard.rooms.operations import rules
from modelyard.rooms.operations.errors import InputsInvalid
from modelyard.rooms.operations.schemas import InputField, InputSource
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.errors import RepositoryMissing
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.repos.schemas import Kind
from modelyard.rooms.runs import service as runs
from modelyard.rooms.runs.errors import RunMissing
from modelyard.rooms.runs.schemas import Input, InputFile, InputSnapshot, Run
from modelyard.rooms.sources import service as sources
from modelyard.rooms.versions import service as versions
from modelyard.rooms.versions.errors import VersionMissing, VersionNotReady

FEW = 3


class Finder:
    """Finds inputs for one caller, in one session."""

    def __init__(
        self, session: Session, principal: Principal, options: RepositoryOptions, *, require_sign_in: bool
    ) -> None:
        self._session, self._principal, self._options = session, principal, options
        self._require_sign_in = require_sign_in

    def find(self, fields: list[InputField], given: Mapping[str, InputSource]) -> list[Input]:
        """The inputs that the fields ask for; raises ``InputsInvalid``, which names the field."""
        known = {field.name: field for field in fields}
        for name in given:
            if name not in known:
                names = ", ".join(known) or "none"
                raise _invalid(name, f"There is no input {name!r}.", f"The inputs are: {names}.")
        for field in fields:
            if field.required and field.name not in given:
                raise _invalid(field.name, f"{field.title} is missing.", "Choose a dataset, or upload files.")
        return [self._find(field, given[field.name]) for field in fields if field.name in given]

    def find_again(self, fields: list[InputField], held: list[Input]) -> list[Input]:
        """Those of an earlier run of the caller's: what it holds as it is, datasets only if they may be read still."""
        known = {field.name: field for field in fields}
        return [
            self._find(known[one.name], InputSource.model_validate(one.given)) if one.snapshot else one for one in held
        ]

    def _find(self, field: InputField, source: InputSource) -> Input:
        if source.dataset is not None:
            return self._of_dataset(field, source, source.dataset)
        if source.input:
            return self._of_input(field, source)
        files, text = self._of_run(field, source) if source.run else self._of_uploads(field, source)
        return _of_files(field, source, files, text)

    def _of_dataset(self, field: InputField, source: InputSource, address: str) -> Input:
        place, _, number = address.partition("@v")
        owner, _, name = place.partition("/")
        snapshot, found = self._snapshot(field, owner, name, int(number) if number else None)
        files = datasets.files_below(self._session, snapshot, source.path)
        if source.path and not source.path.endswith("/") and [file.path for file in files] != [source.path]:
            raise _invalid(field.name, f"{place}@v{found} has no {source.path}.", "Look at its files.")
        text = f"{place}@v{found}" + (f"/{source.path}" if source.path else "")
        _check_count(field, [file.path for file in files], text)
        return Input(
            name=field.name,
            kind=field.kind,
            source=text,
            digest=rules.digest_of((file.path, file.digest, file.size) for file in files),
            count=len(files),
            size=sum(file.size for file in files),
            path=rules.path_inside(field.name, field.kind, [file.path.rpartition("/")[2] for file in files]),
            snapshot=InputSnapshot(
                repository_id=snapshot.repository_id,
                address=place,
                number=found,
                commit_id=snapshot.commit_id,
                prefix=source.path if source.path or field.kind == rules.MANY_FILES else files[0].path,
            ),
            given={**source.model_dump(mode="json", exclude_defaults=True), "dataset": f"{place}@v{found}"},
        )

    def _snapshot(self, field: InputField, owner: str, name: str, number: int | None) -> tuple[Snapshot, int]:
        try:
            dataset = repos.find_repository(
                self._session,
                principal=self._principal,
                owner=owner,
                name=name,
                require_sign_in=self._require_sign_in,
            )
            if dataset.kind is not Kind.DATASET:
                raise _invalid(field.name, f"{dataset.address} is of kind {dataset.kind}.", "Choose a dataset.")
            version = versions.get_ready_version(self._session, dataset.id, number)
            return datasets.find_snapshot(self._session, self._options, dataset, version.number), version.number
        except (RepositoryMissing, VersionMissing, VersionNotReady, SnapshotMissing) as e:
            raise _invalid(field.name, f"{owner}/{name}: {e.detail}", e.remedy) from e

    def _of_input(self, field: InputField, source: InputSource) -> Input:
        """What an earlier run was given: what it holds as it is, a dataset only if it may be read still."""
        run = self._run(field, source)
        held = next((one for one in runs.held_inputs(self._session, run.id) if one.name == source.input), None)
        if held is None:
            raise _invalid(field.name, f"The run was given nothing as {source.input}.", "Look at its inputs.")
        if held.snapshot:
            return self._find(field, InputSource.model_validate(held.given))
        return _of_files(field, source, held.files, held.source)

    def _run(self, field: InputField, source: InputSource) -> Run:
        assert source.run is not None
        try:
            return runs.get_run(self._session, self._principal, source.run)
        except RunMissing as e:
            if source.input:
                raise _invalid(field.name, "What it was given before is gone with that run.", "Choose it again.") from e
            raise _invalid(field.name, e.detail, e.remedy) from e

    def _of_run(self, field: InputField, source: InputSource) -> tuple[list[InputFile], str]:
        run = self._run(field, source)
        found = runs.all_outputs(self._session, run.id, prefix=source.path)
        exact = [file for file in found if file.path == source.path]
        if source.path and not exact and not source.path.endswith("/"):
            raise _invalid(field.name, f"The run left no {source.path}.", "Look at its outputs.")
        start = len(source.path.rpartition("/")[0])
        files = [
            InputFile(path=file.path[start:].lstrip("/"), digest=file.digest, size=file.size) for file in exact or found
        ]
        return files, f"run {run.id}" + (f"/{source.path}" if source.path else "")

    def _of_uploads(self, field: InputField, source: InputSource) -> tuple[list[InputFile], str]:
        files: dict[str, InputFile] = {}
        for one in source.uploads:
            try:
                upload = content.claim_upload(self._session, account_id=own_id(self._principal), upload_id=one.upload)
            except UploadMissing as e:
                name = one.path or "A file"
                raise _invalid(
                    field.name, f"{name} is not here any more: uploads are kept for a while.", "Choose it again."
                ) from e
            except UploadIncomplete as e:
                raise _invalid(field.name, e.detail, e.remedy) from e
            path = one.path or sources.safe_file_name(upload.filename)
            sources.check_paths([path])
            if path in files:
                raise _invalid(field.name, f"Two files are called {path}.", "Give each a path of its own.")
            files[path] = InputFile(path=path, digest=upload.digest, size=upload.size)
        few = list(files)[:FEW]
        more = f" and {len(files) - FEW} more" if len(files) > FEW else ""
        return list(files.values()), f"upload {', '.join(few)}{more}"


def _of_files(field: InputField, source: InputSource, files: list[InputFile], text: str) -> Input:
    if field.kind != rules.MANY_FILES and len(files) == 1:
        files = [file.model_copy(update={"path": file.path.rpartition("/")[2]}) for file in files]
    _check_count(field, [file.path for file in files], text)
    return Input(
        name=field.name,
        kind=field.kind,
        source=text,
        digest=rules.digest_of((file.path, file.digest, file.size) for file in files),
        count=len(files),
        size=sum(file.size for file in files),
        path=rules.path_inside(field.name, field.kind, [file.path for file in files]),
        files=files,
        given=source.model_dump(mode="json", exclude_defaults=True),
    )


def hold_inputs(session: Session, inputs: list[Input], *, account_id: Any, why: str, clock: Clock) -> None:
    """Has the account hold the blobs that were uploaded or come from another run, for as long as this run is known."""
    for digest in {file.digest for one in inputs for file in one.files}:
        content.grant(session, holder_id=account_id, digest=digest, why=why, clock=clock)


def _check_count(field: InputField, files: list[str], source: str) -> None:
    if not files:
        raise _invalid(field.name, f"{source} has no files.", "Choose another.")
    if field.kind != rules.MANY_FILES and len(files) != 1:
        raise _invalid(
            field.name, f"{source} has {len(files)} files, and {field.title} is one.", "Choose one file of it."
        )


def _invalid(name: str, detail: str, remedy: str) -> InputsInvalid:
    return InputsInvalid(detail, remedy=remedy, field=f"inputs.{name}")
