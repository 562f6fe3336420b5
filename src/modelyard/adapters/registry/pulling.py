"""Pulls images: finds the one for a platform, streams its layers uncompressed, checks every digest."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import httpx

from modelyard.rooms.images import rules
from modelyard.rooms.images.errors import (
    LayerBroken,
    RegistrySignInRefused,
    RegistryUnavailable,
    RemoteImageMissing,
)
from modelyard.rooms.images.ports import RemoteDocument, RemoteImage, RemoteLayer
from modelyard.rooms.images.references import Reference, parse_reference
from modelyard.rooms.images.unpacking import MAX_LAYER_BYTES, uncompressed

MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MAX_DOCUMENT_BYTES = 8 * 1024**2
CHUNK = 1024**2


class OciRegistry:
    """An ``ImageSource``. ``credentials`` are (user, password) by host. Thread-safe; tokens are kept."""

    def __init__(
        self,
        credentials: Mapping[str, tuple[str, str]] | None = None,
        *,
        on_request: Callable[[httpx.Request], None] | None = None,
    ) -> None:
        self._credentials = dict(credentials or {})
        self._tokens: dict[str, str] = {}
        hooks = {"request": [on_request]} if on_request else {}
        timeout = httpx.Timeout(60, connect=20)
        self._client = httpx.Client(timeout=timeout, follow_redirects=True, event_hooks=hooks)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def read_document(self, reference: str, *, accept: Iterable[str]) -> RemoteDocument:
        """A manifest or index as it is kept there; raises ``RemoteImageMissing``."""
        place = parse_reference(reference)
        with self._get(place, f"manifests/{place.wanted}", accept=accept) as response:
            _check_shown(response, reference)
            data = _bounded(response)
            media_type = response.headers.get("Content-Type", "").partition(";")[0].strip()
        return RemoteDocument(_expected(place, data, None), media_type, data)

    def read_blob(self, reference: str, digest: str) -> Iterator[bytes]:
        """A blob as it is kept there; raises ``RemoteImageMissing``."""
        place = parse_reference(reference)
        with self._get(place, f"blobs/{digest}", accept=("*/*",)) as response:
            _check_shown(response, f"{digest} of {reference}")
            try:
                yield from _verified(response.iter_raw(CHUNK), digest)
            except httpx.HTTPError as e:
                raise RegistryUnavailable(f"A layer of {reference} could not be read: {e}") from e

    def find(self, reference: str, *, platform: str) -> RemoteImage | None:
        """See ``ports.ImageSource``."""
        place = parse_reference(reference)
        found = self._document(place, f"manifests/{place.wanted}", accept=(*INDEXES, *MANIFESTS))
        if found is None:
            return None
        digest, document = found
        if "manifests" in document:
            digest = _of_platform(document, rules.parse_platform(platform))
            found = self._document(place, f"manifests/{digest}", accept=MANIFESTS, digest=digest) if digest else None
            if found is None:
                return None
            document = found[1]
        return self._image(place, reference, digest, document, platform)

    def read_layer(self, image: RemoteImage, layer: RemoteLayer) -> Iterator[bytes]:
        """See ``ports.ImageSource``."""
        place = parse_reference(image.reference)
        with self._get(place, f"blobs/{layer.digest}", accept=("*/*",)) as response:
            _check(response, image.reference)
            try:
                sent = _verified(response.iter_raw(CHUNK), layer.digest)
                yield from uncompressed(sent, limit=MAX_LAYER_BYTES)
            except (httpx.HTTPError, LayerBroken) as e:
                raise RegistryUnavailable(f"A layer of {image.reference} could not be read: {e}") from e

    def _image(
        self, place: Reference, reference: str, digest: str, manifest: dict[str, Any], platform: str
    ) -> RemoteImage | None:
        described = manifest["config"]["digest"]
        found = self._document(place, f"blobs/{described}", accept=("*/*",), digest=described)
        if found is None:
            return None
        config = found[1]
        if config.get("architecture") != rules.parse_platform(platform):
            return None
        layers = [
            RemoteLayer(layer["digest"], layer.get("mediaType", ""), diff_id)
            for layer, diff_id in zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True)
        ]
        return RemoteImage(reference, digest, config, tuple(layers))

    def _document(
        self, place: Reference, path: str, *, accept: Iterable[str], digest: str | None = None
    ) -> tuple[str, dict[str, Any]] | None:
        """A JSON document with its digest, which is checked where it is known; None where there is none."""
        with self._get(place, path, accept=accept) as response:
            if response.status_code == 404:
                return None
            _check(response, place.repository)
            data = _bounded(response)
        actual = _expected(place, data, digest)
        try:
            document = json.loads(data)
        except ValueError as e:
            raise RegistryUnavailable(f"{place.host} sent something that is not JSON.") from e
        return actual, document

    @contextmanager
    def _get(self, place: Reference, path: str, *, accept: Iterable[str]) -> Iterator[httpx.Response]:
        try:
            response = self._send(place, f"{place.url}/{path}", ", ".join(accept))
        except (httpx.HTTPError, ValueError) as e:
            raise RegistryUnavailable(f"{place.host} does not answer: {e}", remedy="Try again later.") from e
        try:
            yield response
        finally:
            response.close()

    def _send(self, place: Reference, url: str, accept: str) -> httpx.Response:
        """Asks once; where the registry wants a token, gets one and asks again."""
        key = f"{place.host}/{place.repository}"
        response = self._ask(url, accept, self._tokens.get(key))
        if response.status_code == 401 and (challenge := response.headers.get("WWW-Authenticate")):
            response.close()
            self._tokens[key] = self._authorization(challenge, place)
            response = self._ask(url, accept, self._tokens[key])
        return response

    def _ask(self, url: str, accept: str, authorization: str | None) -> httpx.Response:
        headers = {"Accept": accept, "Accept-Encoding": "identity"}
        if authorization:
            headers["Authorization"] = authorization
        return self._client.send(self._client.build_request("GET", url, headers=headers), stream=True)

    def _authorization(self, challenge: str, place: Reference) -> str:
        """Answers a challenge (RFC 6750 ``Bearer`` by way of a token server, or ``Basic``)."""
        known = self._credentials.get(place.host)
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "basic" and known:
            request = httpx.Request("GET", place.url)
            return next(httpx.BasicAuth(*known).auth_flow(request)).headers["Authorization"]
        parameters = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        if scheme.lower() != "bearer" or not parameters.get("realm", "").startswith(("https://", "http://")):
            raise _refused(place.host, known)
        query = {"service": parameters.get("service", ""), "scope": f"repository:{place.repository}:pull"}
        response = self._client.get(parameters["realm"], params=query, auth=httpx.BasicAuth(*known) if known else None)
        if response.status_code in (400, 401, 403):
            raise _refused(place.host, known)
        _check(response, place.host)
        answer = response.json()
        return f"Bearer {answer.get('token') or answer.get('access_token')}"


def _refused(host: str, known: tuple[str, str] | None) -> RegistrySignInRefused:
    if known is None:
        return RegistrySignInRefused(
            f"{host} shows this only to those who sign in.",
            remedy=f"Check the name, or save your sign-in to {host}.",
            field="image",
        )
    return RegistrySignInRefused(
        f"{host} does not let {known[0]} sign in.",
        remedy="Save the sign-in again, with a password or token that is good now.",
        field="image",
    )


def _expected(place: Reference, data: bytes, digest: str | None) -> str:
    """The digest of a document, which has to be the one that was asked for."""
    actual = f"sha256:{hashlib.sha256(data).hexdigest()}"
    expected = digest or (place.wanted if place.wanted.startswith("sha256:") else actual)
    if actual != expected:
        raise RegistryUnavailable(f"{place.host} sent something other than {expected}.")
    return actual


def _check_shown(response: httpx.Response, what: str) -> None:
    """As ``_check``, for what somebody named who may have misspelt it, or need a sign-in."""
    if response.status_code in (401, 403, 404):
        raise RemoteImageMissing(
            f"The registry has no {what}, or does not show it to you.",
            remedy="Check the name, or save a sign-in that may read it.",
            field="image",
        )
    _check(response, what)


def _check(response: httpx.Response, what: str) -> None:
    if response.status_code in (401, 403):
        raise RegistryUnavailable(f"The registry does not let this server read {what}.", remedy="Check the sign-in.")
    if response.is_error:
        raise RegistryUnavailable(
            f"The registry answered {response.status_code} for {what}.", remedy="Try again later."
        )


def _bounded(response: httpx.Response) -> bytes:
    data = b""
    for chunk in response.iter_bytes(CHUNK):
        data += chunk
        if len(data) > MAX_DOCUMENT_BYTES:
            raise RegistryUnavailable("The registry sent a document of unreasonable size.")
    return data


def _of_platform(index: dict[str, Any], architecture: str) -> str:
    """The digest of the manifest for that architecture; empty where there is none."""
    for manifest in index["manifests"]:
        platform = manifest.get("platform", {})
        if platform.get("os") == "linux" and platform.get("architecture") == architecture:
            return str(manifest["digest"])
    return ""


def _verified(chunks: Iterable[bytes], digest: str) -> Iterator[bytes]:
    actual = hashlib.sha256()
    for chunk in chunks:
        actual.update(chunk)
        yield chunk
    if f"sha256:{actual.hexdigest()}" != digest:
        raise RegistryUnavailable("A layer has not the digest that the manifest names.")
