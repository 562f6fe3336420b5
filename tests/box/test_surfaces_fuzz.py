"""Whatever is sent to the protocols, the box answers with words and goes on."""

import json
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from box.running import NUMBER, TEXT, box_site, inputs_schema, serving, write_box

sys.path.append(str(box_site()))  # the server's own packages, which a test of its parts needs, too

from modelyard_box.surfaces import tensors

TABLE = {"type": "array", "items": {"type": "object"}, "x-modelyard": "table"}
MATRIX = {"type": "array", "items": {"type": "array", "items": NUMBER}}
SIGNATURES = {
    "scalars": inputs_schema(("y",), x=NUMBER, y=TEXT),
    "matrix": inputs_schema(m=MATRIX),
    "table": inputs_schema(("k",), t=TABLE, k=NUMBER),
    "open": inputs_schema(("b",), a={}, b={}),
    "none": inputs_schema(),
}
NAMES = st.sampled_from(["x", "y", "m", "t", "k", "a", "b", "zz", ""])
NUMBERS = st.one_of(st.integers(-5, 5), st.floats(allow_nan=False, allow_infinity=False), st.integers())
PLAIN = st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=5))
JSON = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4))
FRAME = st.fixed_dictionaries(
    {}, optional={"columns": st.lists(NAMES, max_size=3) | JSON, "data": st.lists(JSON, max_size=3), "index": JSON}
)
SCORING = st.fixed_dictionaries(
    {},
    optional={
        "dataframe_split": FRAME | JSON,
        "dataframe_records": st.lists(st.dictionaries(NAMES, JSON, max_size=3), max_size=3) | JSON,
        "instances": JSON,
        "inputs": JSON,
        "params": st.dictionaries(NAMES, PLAIN, max_size=2) | JSON,
    },
)
TENSOR = st.fixed_dictionaries(
    {"name": NAMES, "datatype": st.sampled_from([*tensors.TYPES, "X"])},
    optional={
        "shape": st.lists(st.integers(0, 3), max_size=3) | JSON,
        "data": st.lists(PLAIN, max_size=4) | JSON,
        "parameters": st.fixed_dictionaries({}, optional={"binary_data_size": st.integers(-1, 9) | JSON}) | JSON,
    },
)
INFER = st.fixed_dictionaries(
    {"inputs": st.lists(TENSOR, max_size=3) | JSON},
    optional={"parameters": st.dictionaries(NAMES, PLAIN, max_size=2) | JSON, "outputs": JSON, "id": JSON},
)
COG = st.fixed_dictionaries({}, optional={"input": st.dictionaries(NAMES, JSON, max_size=3) | JSON, "id": JSON})
FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module", params=SIGNATURES)
def box(request, tmp_path_factory):
    config = write_box(
        tmp_path_factory.mktemp("fuzz"), "def predict(**inputs): return inputs", inputs=SIGNATURES[request.param]
    )
    with serving(config) as box:
        yield box


def check(response, member):
    """An answer, or a refusal in the protocol's envelope."""
    assert response.status_code in (200, 400, 415, 422), response.text
    if response.status_code in (400, 422):
        assert response.json()[member]


@FEW
@given(body=SCORING | JSON)
def test_scoring_requests(box, body):
    response = box.client.post("/invocations", json=body)
    check(response, "message")
    if response.status_code == 200:
        assert set(response.json()) == {"predictions"}


@FEW
@given(body=st.text(max_size=40) | st.binary(max_size=40))
def test_csv(box, body):
    content = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    check(box.client.post("/invocations", content=content, headers={"content-type": "text/csv"}), "message")


@FEW
@given(body=INFER | JSON, binary=st.binary(max_size=24))
def test_inference_requests(box, body, binary):
    text = json.dumps(body).encode()
    headers = {"inference-header-content-length": str(len(text))}
    check(box.client.post("/v2/models/model/infer", content=text + binary, headers=headers), "error")
    asked = {**body, "parameters": {"binary_data_output": True}} if isinstance(body, dict) else body
    check(box.client.post("/v2/models/model/infer", json=asked), "error")


@FEW
@given(body=COG | JSON)
def test_cog_requests(box, body):
    check(box.client.post("/predictions", json=body), "detail")
    check(box.client.put("/predictions/a%20b", json=body), "detail")


ELEMENTS = {
    "BOOL": st.booleans(),
    "BYTES": st.binary(max_size=9),
    "FP32": st.floats(width=32, allow_nan=False),
    "FP64": st.floats(allow_nan=False),
    "FP16": st.floats(width=16, allow_nan=False),
    **{f"INT{bits}": st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 64)},
}


@pytest.mark.parametrize("datatype", ELEMENTS)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_binary_data_come_back_as_they_went(datatype, data):
    elements = data.draw(st.lists(ELEMENTS[datatype], max_size=20))
    given_ = [element.decode("latin-1") for element in elements] if datatype == "BYTES" else elements
    found = tensors.decode(tensors.encode(given_, datatype), datatype, len(elements), "x")
    assert found == ([text.encode() for text in given_] if datatype == "BYTES" else elements)


@settings(max_examples=100, deadline=None)
@given(shape=st.lists(st.integers(0, 4), min_size=1, max_size=4))
def test_nesting_and_flattening_are_inverse(shape):
    count = 1
    for size in shape:
        count *= size
    nested = tensors.nest(list(range(count)), shape)
    assert tensors.flatten(nested, len(shape)) == list(range(count))
    measured = tensors.measure(nested)
    assert measured == (shape if count else shape[: shape.index(0) + 1])
