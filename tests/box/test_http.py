"""The HTTP/1.1 of the box, byte by byte."""

import json
import socket

import pytest

from box.running import NUMBER, inputs_schema, serving, wait_for, write_box

SOURCE = """
    import time
    def predict(x, wait=0):
        time.sleep(wait)
        return x if not isinstance(x, str) else len(x)
"""
INPUTS = inputs_schema(("wait",), x={}, wait=NUMBER)


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    config = write_box(tmp_path_factory.mktemp("http"), SOURCE, inputs=INPUTS)
    with serving(config, MODELYARD_READ_TIMEOUT_S="1", MODELYARD_MAX_BODY_BYTES="3000000") as box:
        yield box


def post(content, *headers: str, version: str = "1.1") -> bytes:
    body = json.dumps(content).encode()
    lines = [f"POST /model/predict HTTP/{version}", "Host: box", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def read_response(file) -> tuple[int, dict[str, str], bytes]:
    status = int(file.readline().split()[1])
    headers = {}
    while line := file.readline().strip():
        name, _, value = line.decode().partition(": ")
        headers[name.lower()] = value
    return status, headers, file.read(int(headers.get("content-length", 0)))


def exchange(box, data: bytes) -> tuple[int, dict[str, str], bytes]:
    with box.connect() as connection:
        connection.sendall(data)
        return read_response(connection.makefile("rb"))


def test_pipelined_requests_are_answered_in_order(box):
    with box.connect() as connection:
        connection.sendall(b"".join(post({"x": n, "wait": 0.05 if n == 0 else 0}) for n in range(50)))
        file = connection.makefile("rb")
        outputs = [json.loads(read_response(file)[2])["output"] for _ in range(50)]
    assert outputs == list(range(50))


def test_a_request_may_arrive_byte_by_byte(box):
    with box.connect() as connection:
        for byte in post({"x": 1}, "X-Long: " + "a" * 100):
            connection.sendall(bytes([byte]))
        assert read_response(connection.makefile("rb"))[0] == 200


def test_a_chunked_body_is_read(box):
    head = b"POST /model/predict HTTP/1.1\r\nHost: box\r\nTransfer-Encoding: chunked\r\n\r\n"
    status, _, body = exchange(box, head + b'3\r\n{"x\r\n5;a=b\r\n": 7}\r\n0\r\n\r\n')
    assert (status, json.loads(body)["output"]) == (200, 7)


def test_expect_continue_is_answered_before_the_body_is_sent(box):
    request = post({"x": 1}, "Expect: 100-continue")
    head, body = request.split(b"\r\n\r\n")
    with box.connect() as connection:
        connection.sendall(head + b"\r\n\r\n")
        file = connection.makefile("rb")
        assert file.readline() == b"HTTP/1.1 100 Continue\r\n"
        assert file.readline() == b"\r\n"
        connection.sendall(body)
        assert read_response(file)[0] == 200


def test_a_body_that_is_too_large_is_refused_before_it_is_read(box):
    head = b"POST /model/predict HTTP/1.1\r\nHost: box\r\nExpect: 100-continue\r\nContent-Length: 3000001\r\n\r\n"
    status, headers, body = exchange(box, head)
    assert (status, json.loads(body)["code"], headers["connection"]) == (413, "body-too-large", "close")


def test_a_client_that_sends_too_much_still_hears_why(box):
    response = box.predict("x" * 20_000_000)
    assert response.status_code == 413


def test_a_chunked_body_that_is_too_large_is_refused(box):
    def chunks():
        for _ in range(100):
            yield b" " * 100_000

    assert box.predict(content=chunks()).status_code == 413


def test_a_large_body_is_read_whole(box):
    assert box.output({"x": "a" * 2_900_000}) == 2_900_000


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 100_000, 431),
        (b"GET /" + b"a" * 100_000, 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", 400),
    ],
)
def test_what_is_not_http_is_refused_and_the_box_goes_on(box, data, status):
    found, headers, body = exchange(box, data)
    assert (found, headers["connection"]) == (status, "close")
    assert json.loads(body)["status"] == status
    assert box.output({"x": 1}) == 1


def test_a_bad_request_after_a_good_one_is_answered_after_it(box):
    with box.connect() as connection:
        connection.sendall(post({"x": 1, "wait": 0.1}) + b"nonsense\r\n\r\n")
        file = connection.makefile("rb")
        assert [read_response(file)[0], read_response(file)[0]] == [200, 400]
        assert file.read() == b""


@pytest.mark.parametrize("data", [b"", b"POST /model/pre", post({"x": 1})[:-3]])
def test_a_request_that_does_not_come_to_an_end_is_given_up(box, data):
    with box.connect() as connection:
        connection.sendall(data)
        file = connection.makefile("rb")
        if data:
            assert read_response(file)[0] == 408
        assert file.read() == b""


def test_a_trickled_body_is_given_up(box):
    with box.connect() as connection:
        connection.sendall(b"POST /model/predict HTTP/1.1\r\nHost: box\r\nContent-Length: 100000\r\n\r\n")
        connection.settimeout(0.05)
        received = b""
        for _ in range(400):
            try:
                connection.sendall(b" ")
                received += connection.recv(4096)
            except TimeoutError:
                continue
            if received:
                break
        assert received.startswith(b"HTTP/1.1 408")


def test_a_half_closed_connection_leaves_the_box_well(box):
    with box.connect() as connection:
        connection.sendall(post({"x": 1})[:-2])
        connection.shutdown(socket.SHUT_WR)
        assert connection.makefile("rb").read() == b""
    assert box.output({"x": 1}) == 1


def test_head_is_get_without_body(box):
    with box.connect() as connection:
        connection.sendall(b"HEAD /model/data HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        file = connection.makefile("rb")
        lines = [file.readline() for _ in range(5)]
        assert lines[0].startswith(b"HTTP/1.1 200")
        assert any(line.startswith(b"content-length: ") for line in lines)
        rest = b"".join(iter(file.readline, b"HTTP/1.1 200 OK\r\n"))
        assert b"{" not in rest


def test_http_1_0_is_answered_and_closed(box):
    with box.connect() as connection:
        connection.sendall(post({"x": 1}, version="1.0"))
        assert connection.makefile("rb").read().endswith(b"}")


def test_an_upgrade_is_declined_by_answering(box):
    headers = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA")
    status, _, body = exchange(box, post({"x": 5}, *headers))
    assert (status, json.loads(body)["output"]) == (200, 5)


def test_connection_close_is_honoured(box):
    with box.connect() as connection:
        connection.sendall(post({"x": 1}, "Connection: close"))
        assert connection.makefile("rb").read().endswith(b"}")


def test_unknown_paths_and_methods(box):
    assert box.client.get("/nothing").json()["code"] == "not-found"
    refused = box.client.get("/model/predict")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST, OPTIONS")
    options = box.client.options("/health")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    assert box.client.get("/health?x=%20").status_code == 200
    assert box.client.get("/model%2Fdata").status_code == 200


def test_it_listens_on_tcp_when_no_socket_is_named(tmp_path):
    import subprocess
    import time

    import httpx

    from box.running import box_command, box_environ

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = write_box(tmp_path, SOURCE, inputs=INPUTS)
    process = subprocess.Popen(box_command("serve"), env=box_environ(config, MODELYARD_PORT=str(port)))
    try:

        def answered() -> bool:
            try:
                return httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200
            except httpx.TransportError:
                return False

        wait_for(answered)
        sent = time.time()
        response = httpx.post(f"http://127.0.0.1:{port}/model/predict", json={"x": 4})
        assert response.json()["output"] == 4
        identifier = response.headers["x-prediction-id"]
        assert identifier == response.json()["id"]
        milliseconds = int(identifier.replace("-", "")[:12], 16)
        assert identifier[14] == "7"
        assert sent - 1 <= milliseconds / 1000 <= time.time() + 1
    finally:
        process.terminate()
        assert process.wait(20) == 0
