"""User code that fails in every way: the request that did it is told why, all others are answered."""

import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from box.running import TEXT, box_command, box_environ, inputs_schema, serving, wait_for, write_box

SOURCE = """
    import ctypes, os, subprocess, sys, threading, time
    def predict(do: str, n: int = 0):
        if do == "raise": raise KeyError("the secret is out")
        if do == "exit": os._exit(3)
        if do == "sys.exit": sys.exit(4)
        if do == "segfault": ctypes.string_at(0)
        if do == "kill": os.kill(os.getpid(), 9)
        if do == "memory": return len(bytearray(1 << 60))
        if do == "recurse": return predict(do)
        if do == "hang": time.sleep(1000)
        if do == "spin":
            while True: pass
        if do == "stuck": 
            import signal; signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals)); time.sleep(1000)
        if do == "fork":
            if os.fork() == 0: return "child"
        if do == "linger":
            if os.fork() == 0: time.sleep(1000)
            os._exit(5)
        if do == "subprocess":
            child = subprocess.Popen(["sleep", "1000"]); print("child", child.pid, flush=True); time.sleep(1000)
        if do == "close": os.closerange(3, 100)
        if do == "print": print("x" * 50_000_000); sys.stderr.write("y" * 1000)
        if do == "later": threading.Timer(0.5, lambda: os._exit(6)).start()
        if do == "slow": print("slow", flush=True); time.sleep(n / 1000)
        return os.getpid()
"""
INPUTS = inputs_schema(("n",), do=TEXT, n={"type": "integer"})


def box_of(folder, **environ):
    return serving(write_box(folder, SOURCE, inputs=INPUTS), **environ)


@pytest.fixture(scope="module")
def short_box(tmp_path_factory):
    with box_of(tmp_path_factory.mktemp("faults"), MODELYARD_TIMEOUT_S="1.5") as box:
        yield box


@pytest.fixture
def box(short_box):
    """A box with a short timeout, whose worker is ready: that of the test before may just have died."""
    return short_box.wait_ready()


@pytest.mark.parametrize(
    ("do", "status", "code", "words"),
    [
        ("raise", 500, "prediction-failed", "KeyError: 'the secret is out'"),
        ("sys.exit", 500, "prediction-failed", "SystemExit"),
        ("recurse", 500, "prediction-failed", "RecursionError"),
        ("memory", 500, "out-of-memory", "memory"),
        ("exit", 500, "worker-died", "exit status 3"),
        ("segfault", 500, "worker-died", "SIGSEGV"),
        ("kill", 500, "worker-died", "out of memory"),
        ("linger", 500, "worker-died", "exit status 5"),
        ("close", 500, "worker-died", "killed"),
        ("hang", 504, "prediction-timeout", "1.5 seconds"),
        ("spin", 504, "prediction-timeout", "1.5 seconds"),
        ("stuck", 504, "prediction-timeout", "1.5 seconds"),
    ],
)
def test_a_failure_fails_its_own_request_only(box, do, status, code, words):
    response = box.predict({"do": do})
    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code), problem
    assert words in problem["detail"]
    assert "traceback" not in problem
    assert isinstance(box.wait_ready().output({"do": "fine"}), int)


def test_the_traceback_is_in_the_log_under_the_prediction_and_only_of_the_users_code(box):
    response = box.predict({"do": "raise"})
    identifier = response.headers["x-prediction-id"]
    report = box.log.split(f"prediction {identifier} failed")[1]
    assert "KeyError: 'the secret is out'" in report
    assert "m.py" in report
    assert "modelyard_box" not in report


def test_the_traceback_is_in_the_answer_only_when_the_operator_says_so(tmp_path):
    with box_of(tmp_path, MODELYARD_SHOW_TRACEBACK="1") as box:
        problem = box.predict({"do": "raise"}).json()
        assert "m.py" in problem["traceback"]
        assert problem["exception"] == "KeyError"


def test_a_forked_child_does_not_answer_for_its_parent(box):
    worker = box.output({"do": "fine"})
    assert box.output({"do": "fork"}) == worker
    assert [box.output({"do": "fine"}) for _ in range(5)] == [worker] * 5


def test_printing_does_not_disturb_the_answers(tmp_path):
    with box_of(tmp_path) as box:
        assert isinstance(box.output({"do": "print"}), int)


def test_what_a_hung_worker_started_is_killed_with_it(box):
    assert box.predict({"do": "subprocess"}).status_code == 504
    pid = int(box.log.rpartition("child ")[2].split()[0])
    wait_for(lambda: _is_gone(pid))


def test_a_worker_that_dies_between_requests_is_replaced(box):
    before = box.output({"do": "later"})
    wait_for(lambda: box.worker_pids() and before not in box.worker_pids())
    assert box.wait_ready().output({"do": "fine"}) != before


def test_requests_behind_one_that_kills_the_worker_are_answered(tmp_path):
    def ask(n: int):
        return box.predict({"do": "exit" if n % 10 == 5 else "fine", "n": n}).status_code

    with box_of(tmp_path) as box, ThreadPoolExecutor(16) as threads:
        statuses = list(threads.map(ask, range(100)))
    assert [status for n, status in enumerate(statuses) if n % 10 != 5] == [200] * 90
    assert [status for n, status in enumerate(statuses) if n % 10 == 5] == [500] * 10


def test_the_queue_is_bounded(tmp_path):
    with box_of(tmp_path, MODELYARD_QUEUE="3") as box:
        with ThreadPoolExecutor(12) as threads:
            answers = list(threads.map(lambda n: box.predict({"do": "slow", "n": 300}), range(12)))
        statuses = [answer.status_code for answer in answers]
        assert set(statuses) == {200, 429}
        assert statuses.count(200) >= 3
        refused = answers[statuses.index(429)]
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["code"] == "queue-full"
        assert box.predict({"do": "fine"}).status_code == 200


def test_waiting_requests_are_told_when_it_takes_too_long(tmp_path):
    with box_of(tmp_path, MODELYARD_TIMEOUT_S="0.4") as box:
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda n: box.predict({"do": "slow", "n": 300}), range(8)))
        codes = {answer.json().get("code") for answer in answers if answer.status_code != 200}
        assert codes == {"waited-too-long"}


def test_a_client_that_leaves_takes_its_waiting_work_with_it(tmp_path):
    source = """
        import time
        def predict(n):
            print("ran", n, flush=True)
            time.sleep(0.3 if n == 0 else 0)
            return n
    """
    with serving(write_box(tmp_path, source, inputs=inputs_schema(n={}))) as box:
        body = b'{"n":%d}'
        head = b"POST /model/predict HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n"
        first, second = box.connect(), box.connect()
        first.sendall(head + body % 0)
        wait_for(lambda: "ran 0" in box.log)
        second.sendall(head + body % 1)
        second.close()
        assert first.recv(4096).startswith(b"HTTP/1.1 200")
        assert box.output({"n": 2}) == 2
        assert "ran 1" not in box.log
        first.close()


def test_many_at_once_are_each_answered_with_their_own(tmp_path):
    config = write_box(tmp_path, "def predict(n): return n", inputs=inputs_schema(n={}))
    with serving(config) as box, ThreadPoolExecutor(32) as threads:
        assert list(threads.map(lambda n: box.output({"n": n}), range(1000))) == list(range(1000))


def test_term_lets_running_predictions_finish_and_exits_0(tmp_path):
    with box_of(tmp_path) as box:
        answers: list[int] = []
        asking = threading.Thread(target=lambda: answers.append(box.predict({"do": "slow", "n": 600}).status_code))
        asking.start()
        idle = box.connect()
        wait_for(lambda: "slow" in box.log)
        box.process.send_signal(signal.SIGTERM)
        asking.join(20)
        assert answers == [200]
        assert box.process.wait(20) == 0
        assert idle.recv(1) == b""
        assert not box.socket.exists()
        idle.close()


def _is_gone(pid: int) -> bool:
    """Whether the process has ended; one that nobody has collected yet has ended, too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except FileNotFoundError:
        return True


def test_workers_end_when_the_server_is_killed(tmp_path):
    with box_of(tmp_path) as box:
        (worker,) = box.worker_pids()
        box.process.kill()
        wait_for(lambda: _is_gone(worker))


def test_a_stale_socket_does_not_hinder_a_new_box(tmp_path):
    config = write_box(tmp_path, "def predict(n): return n", inputs=inputs_schema(n={}))
    with serving(config) as box:
        box.process.kill()
        box.process.wait()
        assert box.socket.exists()
        second = subprocess.Popen(
            box_command("serve"), env=box_environ(config, MODELYARD_SOCKET=str(box.socket)), stdout=subprocess.DEVNULL
        )
        try:
            wait_for(lambda: box._health() == 200)
            assert box.output({"n": 1}) == 1
        finally:
            second.terminate()
            assert second.wait(20) == 0


def test_requests_that_come_while_the_model_loads_wait_for_it(tmp_path):
    source = "import time\ntime.sleep(1)\ndef predict(n): return n"
    with serving(write_box(tmp_path, source, inputs=inputs_schema(n={})), ready=False) as box:
        wait_for(lambda: box._health() == 503)
        assert box.client.get("/health").json()["state"] == "loading"
        assert box.client.get("/model/data").json()["loaded"] is False
        assert box.output({"n": 1}) == 1
        assert box.client.get("/health").json()["state"] == "ready"


def test_a_model_that_does_not_load_is_said_and_ends_the_box(tmp_path):
    source = "import absent_package\ndef predict(n): return n"
    with serving(write_box(tmp_path, source, inputs=inputs_schema(n={})), ready=False) as box:
        wait_for(lambda: box._health() == 503 and box.client.get("/health").json()["state"] == "failed")
        response = box.predict({"n": 1})
        assert (response.status_code, response.json()["code"]) == (503, "model-not-loaded")
        assert "absent_package" in response.json()["detail"]
        assert box.process.wait(20) == 1
        assert "add absent_package to the requirements" in box.log


def test_a_model_that_takes_too_long_to_load_is_given_up(tmp_path):
    source = "import time\ntime.sleep(1000)\ndef predict(n): return n"
    config = write_box(tmp_path, source, inputs=inputs_schema(n={}))
    with serving(config, ready=False, MODELYARD_LOAD_TIMEOUT_S="0.3") as box:
        wait_for(lambda: box._health() == 503 and "reason" in box.client.get("/health").json())
        assert "too long to load" in box.client.get("/health").json()["reason"]
        assert box.process.wait(20) == 1


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"MODELYARD_TIMEOUT_S": "soon"}, "MODELYARD_TIMEOUT_S is 'soon'"),
        ({"MODELYARD_WORKERS": "0"}, "at least 1"),
        ({"MODELYARD_BOX_CONFIG": "/absent.json"}, "cannot read /absent.json"),
        ({"MODELYARD_SOCKET": "/absent/socket"}, "cannot start"),
    ],
)
def test_a_wrong_configuration_ends_the_box_with_2_and_says_which(tmp_path, environ, words):
    config = write_box(tmp_path, "def predict(n): return n", inputs=inputs_schema(n={}))
    environ = {"MODELYARD_SOCKET": str(tmp_path / "s"), **environ}
    done = subprocess.run(
        box_command("serve"), env=box_environ(config) | environ, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert words in done.stderr
