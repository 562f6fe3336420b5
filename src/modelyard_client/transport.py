"""HTTP to one server: the token, errors as exceptions, and trying again where that is safe."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from modelyard_client.errors import ServerFailed, Unreachable, error_of

API = "/api/v1"
PAGE = 200
TRY_AGAIN = frozenset({502, 503, 504})
REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
PAUSES_S = (0.2, 0.5, 1.0, 2.0)
LONGEST_PAUSE_S = 30.0
TIMEOUT = httpx.Timeout(60.0, connect=10.0)


class Transport:
    """Sends requests; thread-safe."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        http: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        self._sleep = sleep
        headers = {"User-Agent": "modelyard-client", **({"Authorization": f"Bearer {token}"} if token else {})}
        # Without TLS the machine's certificates are not read, which takes a while.
        secure = self.url.startswith("https:")
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=TIMEOUT, verify=secure, transport=http)

    def close(self) -> None:
        self._http.close()

    def json(self, method: str, path: str, *, key: str | None = None, **request: Any) -> Any:
        """The decoded answer below ``/api/v1``; None for an empty one. ``key`` is sent as ``Idempotency-Key``."""
        if key:
            request["headers"] = {**request.get("headers", {}), "Idempotency-Key": key}
        response = self.send(method, API + path, repeatable=key is not None or method in REPEATABLE, **request)
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError as e:
            raise self._stranger() from e

    def pages(self, path: str, query: Mapping[str, Any] | None = None, *, limit: int | None = None) -> Iterator[Any]:
        """The items of a list, page after page as they are wanted, ``limit`` at most; None: all."""
        asked = {**(query or {}), "limit": min(limit or PAGE, PAGE)}
        while True:
            page = self.json("GET", path, params=asked)
            yield from page["items"] if limit is None else page["items"][:limit]
            limit = None if limit is None else limit - len(page["items"])
            if page["next_cursor"] is None or (limit is not None and limit <= 0):
                return
            asked["cursor"] = page["next_cursor"]

    def text(self, path: str, **request: Any) -> str:
        return self.send("GET", API + path, **request).text

    def send(self, method: str, path: str, *, repeatable: bool | None = None, **request: Any) -> httpx.Response:
        """An answer below 400, read whole; else raises a ``ClientError``.

        Tries again when no connection came about, and, where repeating is safe, when the answer got lost or the server
        or a proxy says that it is not ready (502, 503, 504).
        """
        repeatable = method in REPEATABLE if repeatable is None else repeatable
        for pause in (*PAUSES_S, None):
            try:
                response = self._http.request(method, path, **request)
            except httpx.TransportError as e:
                self._pause_or_raise(e, pause, repeatable)
                continue
            if response.status_code < 400:
                return response
            if pause is None or not repeatable or response.status_code not in TRY_AGAIN:
                raise error_of(response)
            self._sleep(_pause_asked_for(response, pause))
        raise AssertionError("the last round returns or raises")

    @contextmanager
    def stream(self, method: str, path: str, **request: Any) -> Iterator[httpx.Response]:
        """An answer below 400 whose body is still to be read. Never tried again."""
        try:
            with self._http.stream(method, path, **request) as response:
                if response.status_code >= 400:
                    response.read()
                    raise error_of(response)
                yield response
        except httpx.TransportError as e:
            raise self.unreachable(e) from e

    def unreachable(self, error: Exception) -> Unreachable:
        why = str(error) or type(error).__name__
        return Unreachable(
            f"No answer from {self.url}: {why}.",
            code="unreachable",
            remedy="Check the address, and that the server runs.",
        )

    def pause(self, seconds: float) -> None:
        self._sleep(seconds)

    def _pause_or_raise(self, error: httpx.TransportError, pause: float | None, repeatable: bool) -> None:
        never_sent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
        if pause is None or not (never_sent or repeatable):
            raise self.unreachable(error) from error
        self._sleep(pause)

    def _stranger(self) -> ServerFailed | Unreachable:
        return Unreachable(
            f"What answers at {self.url} is not a Modelyard server.", code="not_modelyard", remedy="Check the address."
        )


def _pause_asked_for(response: httpx.Response, otherwise: float) -> float:
    """``Retry-After`` in seconds, within reason."""
    asked = response.headers.get("retry-after", "")
    return min(float(asked), LONGEST_PAUSE_S) if asked.isdigit() else otherwise
