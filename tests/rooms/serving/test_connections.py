"""The gateway's HTTP client against a real server on a Unix socket, well-behaved and hostile."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from modelyard.rooms.serving import connection as connections
from modelyard.rooms.serving.connection import Answer, Connection, request_head
from modelyard.rooms.serving.errors import BoxGone, BoxTimeout, BoxUnreachable
from modelyard.rooms.serving.upstream import Upstream
from rooms.serving.little_box import Behaviour, Exchange, LittleBox, little_box, ok

HEAD = request_head(b"POST", b"/model/predict", [(b"x-a", b"b")], chunked=False)
CHUNKED = request_head(b"POST", b"/model/predict", (), chunked=True)
Talk = Callable[[LittleBox, Upstream], Coroutine[Any, Any, None]]


def run(folder: Path, behaviour: Behaviour, talk: Talk) -> None:
    """Runs a conversation on the event loop that the server uses."""

    async def main() -> None:
        async with little_box(folder, behaviour) as box, asyncio.timeout(20):
            upstream = Upstream(box.socket)
            await talk(box, upstream)
            upstream.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


async def whole(answer: Answer) -> bytes:
    return b"".join([chunk async for chunk in answer.chunks()])


async def ask(upstream: Upstream, *, within: float = 5) -> tuple[int, bytes]:
    connection = await upstream.connect()
    try:
        await connection.send(HEAD, b"", framed=True)
        answer = await connection.answer(within=within)
        return answer.status, await whole(answer)
    finally:
        upstream.give_back(connection)


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def answering(data: bytes) -> Behaviour:
    async def behaviour(exchange: Exchange) -> None:
        await exchange.write(data)

    return behaviour


def test_a_connection_is_used_again(tmp_path: Path) -> None:
    async def talk(box: LittleBox, upstream: Upstream) -> None:
        assert [await ask(upstream) for _ in range(3)] == [(200, b"yes")] * 3
        assert box.connections == 1
        assert box.heads[0] == b"POST /model/predict HTTP/1.1\r\nhost: box\r\nx-a: b\r\n\r\n"

    run(tmp_path, answering(ok(b"yes")), talk)


def test_a_connection_that_the_box_closes_is_not_used_again(tmp_path: Path) -> None:
    async def talk(box: LittleBox, upstream: Upstream) -> None:
        assert [await ask(upstream) for _ in range(2)] == [(200, b"yes")] * 2
        assert box.connections == 2

    run(tmp_path, answering(ok(b"yes", b"connection: close\r\n")), talk)


def test_a_long_path_is_no_obstacle(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()

    async def main() -> None:
        with contextlib.chdir(folder):
            server = await asyncio.start_unix_server(LittleBox(Path(), answering(ok(b"far"))).serve, "box.sock")
        assert await ask(Upstream(folder / "box.sock")) == (200, b"far")
        server.close()

    asyncio.run(main())


def test_a_body_in_pieces_arrives_whole(tmp_path: Path) -> None:
    async def echo(exchange: Exchange) -> None:
        await exchange.write(ok(await exchange.body()))

    async def talk(_box: LittleBox, upstream: Upstream) -> None:
        connection = await upstream.connect()
        await connection.send(CHUNKED, pieces(b"one ", b"", b"two"), framed=False)
        answer = await connection.answer(within=5)
        assert await whole(answer) == b"one two"
        assert connection.reusable

    run(tmp_path, echo, talk)


def test_an_answer_streams_as_it_is_made(tmp_path: Path) -> None:
    proceed = asyncio.Event()

    async def slowly(exchange: Exchange) -> None:
        await exchange.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
        await proceed.wait()
        await exchange.write(b"3\r\ntwo\r\n0\r\n\r\n")

    async def talk(_box: LittleBox, upstream: Upstream) -> None:
        connection = await upstream.connect()
        await connection.send(HEAD, b"", framed=True)
        chunks = (await connection.answer(within=5)).chunks()
        assert await anext(chunks) == b"one"
        proceed.set()
        assert [chunk async for chunk in chunks] == [b"two"]

    run(tmp_path, slowly, talk)


def test_an_early_answer_ends_the_upload_and_the_connection(tmp_path: Path) -> None:
    """Else the rest of the body would be taken for the next caller's request."""

    async def refuse(exchange: Exchange) -> None:
        await exchange.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
        await asyncio.Event().wait()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65536
            await asyncio.sleep(0)

    async def talk(box: LittleBox, upstream: Upstream) -> None:
        connection = await upstream.connect()
        head = request_head(b"POST", b"/", [(b"content-length", b"999999999")], chunked=False)
        await connection.send(head, endless(), framed=True)
        assert (await connection.answer(within=5)).status == 413
        assert not connection.reusable
        upstream.give_back(connection)
        assert connection.closed

    run(tmp_path, refuse, talk)


def test_a_box_that_takes_nothing_times_out(tmp_path: Path) -> None:
    async def deaf(_: Exchange) -> None:
        await asyncio.Event().wait()

    async def talk(_box: LittleBox, upstream: Upstream) -> None:
        connection = await upstream.connect()
        with pytest.raises(BoxTimeout):
            await connection.send(CHUNKED, pieces(*[b"x" * 2**20] * 20), framed=False, within=0.1)

    run(tmp_path, deaf, talk)


def test_a_box_that_says_nothing_times_out_and_its_connection_is_closed(tmp_path: Path) -> None:
    async def silent(exchange: Exchange) -> None:
        await exchange.reader.read()
        raise ConnectionError

    async def talk(box: LittleBox, upstream: Upstream) -> None:
        with pytest.raises(BoxTimeout):
            await ask(upstream, within=0.05)
        await box.lost.wait()

    run(tmp_path, silent, talk)


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx",
        b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x-long: %b\r\n" % (b"y" * 1000) * 100,
        b"HTTP/1.1 200 OK\r\nx",
        b"",
    ],
    ids=["garbage", "two lengths", "upgrade", "endless headers", "half a head", "nothing"],
)
def test_nonsense_is_told_apart_from_an_answer(tmp_path: Path, data: bytes) -> None:
    async def behaviour(exchange: Exchange) -> None:
        await exchange.write(data)
        exchange.writer.close()

    async def talk(_box: LittleBox, upstream: Upstream) -> None:
        with pytest.raises(BoxUnreachable):
            await ask(upstream)

    run(tmp_path, behaviour, talk)


@pytest.mark.parametrize("framing", [b"content-length: 100", b"transfer-encoding: chunked"])
def test_an_answer_that_breaks_off_is_not_taken_for_whole(tmp_path: Path, framing: bytes) -> None:
    async def behaviour(exchange: Exchange) -> None:
        await exchange.write(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n5\r\nhello\r\n" % framing)
        exchange.writer.close()

    async def talk(_box: LittleBox, upstream: Upstream) -> None:
        connection = await upstream.connect()
        await connection.send(HEAD, b"", framed=True)
        answer = await connection.answer(within=5)
        with pytest.raises(BoxUnreachable, match="broke off"):
            await whole(answer)

    run(tmp_path, behaviour, talk)


def test_a_second_answer_is_never_given_to_the_next_caller(tmp_path: Path) -> None:
    async def talk(box: LittleBox, upstream: Upstream) -> None:
        for number in range(1, 3):
            with pytest.raises(BoxUnreachable, match="more than was asked"):
                await ask(upstream)
            assert box.connections == number

    run(tmp_path, answering(ok(b"first") + ok(b"forged")), talk)


def test_what_comes_while_nobody_asks_closes_the_connection(tmp_path: Path) -> None:
    async def behaviour(exchange: Exchange) -> None:
        await exchange.write(ok(b"first"))
        await asyncio.sleep(0.02)
        await exchange.write(ok(b"forged"))

    async def talk(box: LittleBox, upstream: Upstream) -> None:
        assert await ask(upstream) == (200, b"first")
        await box.lost.wait()
        assert await ask(upstream) == (200, b"first")

    run(tmp_path, behaviour, talk)


def test_head_has_no_body_to_wait_for(tmp_path: Path) -> None:
    async def talk(_box: LittleBox, upstream: Upstream) -> None:
        connection = await upstream.connect()
        await connection.send(request_head(b"HEAD", b"/", (), chunked=False), b"", framed=True, bodiless=True)
        answer = await connection.answer(within=5)
        assert (b"content-length", b"1000") in answer.headers
        assert answer.take_whole() == b""

    run(tmp_path, answering(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"), talk)


def test_a_hundred_continues_are_not_the_answer(tmp_path: Path) -> None:
    async def talk(_box: LittleBox, upstream: Upstream) -> None:
        assert await ask(upstream) == (200, b"done")

    run(tmp_path, answering(b"HTTP/1.1 100 Continue\r\nx-a: b\r\n\r\n" * 100 + ok(b"done")), talk)


def test_a_kept_connection_that_was_closed_before_it_answered_can_be_tried_again(tmp_path: Path) -> None:
    async def once(exchange: Exchange) -> None:
        if exchange.writer in seen:
            exchange.writer.close()
        else:
            seen.add(exchange.writer)
            await exchange.write(ok(b"once"))

    seen: set[asyncio.StreamWriter] = set()

    async def talk(_box: LittleBox, upstream: Upstream) -> None:
        assert await ask(upstream) == (200, b"once")
        with pytest.raises(BoxGone):
            await ask(upstream)
        assert await ask(upstream) == (200, b"once")

    run(tmp_path, once, talk)


def test_a_large_answer_is_not_read_faster_than_it_is_wanted(tmp_path: Path) -> None:
    sent = 0

    async def large(exchange: Exchange) -> None:
        nonlocal sent
        size = 64 * 2**20
        await exchange.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
        for _ in range(64):
            await exchange.write(b"x" * 2**20)
            sent += 2**20

    async def talk(_box: LittleBox, upstream: Upstream) -> None:
        connection = await upstream.connect()
        await connection.send(HEAD, b"", framed=True)
        answer = await connection.answer(within=5)
        while not held(connection):
            await asyncio.sleep(0.005)
        assert held(connection) < 4 * connections.HIGH_WATER
        assert len(await whole(answer)) == 64 * 2**20
        assert held(connection) == 0

    run(tmp_path, large, talk)


def held(connection: Connection) -> int:
    return connection._buffered


def test_a_link_in_a_boxs_folder_leads_nowhere(tmp_path: Path) -> None:
    """The folder is the box's to write to: a link there must not lead the server to another socket of the host."""
    (tmp_path / "box").mkdir()
    (tmp_path / "box" / "box.sock").symlink_to(tmp_path / "host.sock")

    async def main() -> None:
        server = await asyncio.start_unix_server(
            LittleBox(Path(), answering(ok(b"host"))).serve, tmp_path / "host.sock"
        )
        with pytest.raises(BoxUnreachable):
            await Upstream(tmp_path / "box" / "box.sock").connect()
        server.close()

    asyncio.run(main())


def test_nobody_there_is_said_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(BoxUnreachable):
            await Upstream(tmp_path / "none.sock").connect()

    asyncio.run(main())
