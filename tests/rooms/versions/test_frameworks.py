"""A model's file alone, over HTTP: described by a run, kept with the version, and refused or failed with the reason."""

import pickle
import secrets
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn.linear_model import LogisticRegression

from modelyard_client.errors import ClientError
from rooms.versions.tiny import Author, author
from support.pickles import made_with
from support.server import Server


@pytest.fixture
def me(site: Server, tmp_path: Path) -> Author:
    return author(site, tmp_path)


def push_alone(me: Author, artifact: bytes, *, requirements: str | None = None) -> dict[str, Any]:
    return me.client.push_parts(
        me.address,
        artifact=me.file("model.pkl", artifact),
        requirements=me.file("requirements.txt", requirements.encode()) if requirements else None,
    )


def found_by(me: Author, data_type: str) -> list[str]:
    """The author's repositories that search finds by a type of data."""
    found = me.client.search("", data_type=data_type, owner=me.username)
    return [f"{repository['owner']}/{repository['name']}" for repository in found]


def test_a_run_reads_the_signature(me: Author) -> None:
    """Until then anything is accepted; then the box refuses what does not fit, the registry has the one image, and
    search knows what data the model takes."""
    model = LogisticRegression().fit(np.arange(20.0).reshape(10, 2), ["no", "yes"] * 5)
    queued = push_alone(me, pickle.dumps(model))
    assert queued["signature"]["inputs"]["additionalProperties"] is True
    assert (queued["framework"], queued["weights"]["label"]) == ("sklearn", "known-code")
    assert found_by(me, "array") == []
    ready = me.ready(queued)
    assert ready["signature"]["inputs"]["properties"]["features"]["minItems"] == 2
    assert ready["signature"]["output"] == {"type": "string", "enum": ["no", "yes"]}
    assert {stage["state"] for stage in ready["stages"]} == {"complete"}
    assert found_by(me, "array") == [me.address]
    me.client.deploy(me.address)
    assert me.client.predict(me.address, {"features": [0, 1]}).output == model.predict([[0, 1]])[0]
    with pytest.raises(ClientError) as caught:
        me.client.predict(me.address, {"features": [0, 1, 2]})
    assert caught.value.status == 422
    assert "features" in caught.value.detail
    me.client.stop_deployment(me.address)


def test_a_model_of_another_version_of_scikit_learn_is_noted_on_the_version(me: Author) -> None:
    """With code that calls it; it is said once, and the version is ready all the same."""
    model = made_with(LogisticRegression().fit(np.arange(20.0).reshape(10, 2), ["no", "yes"] * 5), "1.0.0")
    source = {"line.py": "def predict(model, row: list[float]) -> str:\n    return model.predict([row])[0]\n"}
    queued = me.push(source, artifact=model, requirements=f"scikit-learn=={sklearn.__version__}\n")
    assert queued["notes"] == []
    noted = [note for note in me.ready(queued)["notes"] if "made with scikit-learn 1.0.0" in note]
    assert noted == [
        f"the model was made with scikit-learn 1.0.0, and {sklearn.__version__} is installed: "
        "require scikit-learn==1.0.0"
    ]


def test_what_does_not_load_fails_with_the_reason_of_the_run(me: Author) -> None:
    ended = me.finish(push_alone(me, b"cgone_package.models\nNet\n.", requirements="annotated-types\n"))
    assert (ended["state"], ended["weights"]["label"]) == ("failed", "other-code")
    assert "module 'gone_package' is missing" in ended["reason"]
    states = {stage["name"]: stage["state"] for stage in ended["stages"]}
    assert (states["manifest"], states["check"], states["publish"]) == ("complete", "failed", "waiting")


def test_a_suspicious_pickle_is_labelled_and_never_loaded_by_the_server(me: Author) -> None:
    """The run that loads it has a place of its own: nothing of the server's machine is touched."""
    mark = Path(tempfile.gettempdir()) / f"mark-{secrets.token_hex(8)}"  # there is such a folder in containers too
    queued = push_alone(
        me, f"cbuiltins\nexec\n(Vopen({str(mark)!r}, 'w')\ntR.".encode(), requirements="annotated-types\n"
    )
    assert queued["weights"]["label"] == "suspicious"
    assert queued["weights"]["findings"][0]["detail"] == "It imports builtins.exec."
    ended = me.finish(queued)
    assert "holds a NoneType, which has no predict" in ended["reason"]
    assert not mark.exists()


@pytest.mark.parametrize(
    ("artifact", "code", "field"),
    [(b"cxgboost\nBooster\n.", "project_incomplete", "requirements"), (b"nothing", "weights_unreadable", "artifact")],
)
def test_what_is_missing_is_asked_for_at_once(me: Author, artifact: bytes, code: str, field: str) -> None:
    with pytest.raises(ClientError) as caught:
        push_alone(me, artifact)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_a_source_needs_its_config(me: Author) -> None:
    with pytest.raises(ClientError, match="source needs a config"):
        me.client.push_parts(me.address, source=me.file("s.zip", b"x"))
    with pytest.raises(ClientError, match="or the artifact"):
        me.client.push_parts(me.address, requirements=me.file("r.txt", b"numpy"))
