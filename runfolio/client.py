"""Talks to a gateway over HTTP; bodies stream in both directions."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Annotated, Any, Final, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from producer.contract import errors
from producer.contract.errors import MalformedBody, RunfolioError, Unavailable
from producer.contract.export import Export, Options
from producer.contract.problem import NAMESPACE
from producer.contract.ready import ready
from runfolio.target import Target

T = TypeVar("T")

_TIMEOUT: Final = httpx.Timeout(120.0, connect=5.0)
"""Seconds. Between the last byte of a large execution and its answer the gateway finishes its own upload."""

_LONGEST_WAIT: Final = 30.0

_PATIENCE: Final = 10
"""How often a request is sent again that came too soon after others (429), unless its body can be read but once."""

_LONGEST_PAUSE: Final = 60
"""Seconds that are waited before that, at most."""

_PIECE: Final = 256 * 1024
_PAGE: Final = 200

# A proxy is never on the way to this very machine, whatever the environment says.
_NO_PROXY: Final = {"all://127.0.0.1": None, "all://localhost": None, "all://[::1]": None}

_BY_STATUS: Final[Mapping[int, type[RunfolioError]]] = {
    400: errors.MalformedBody,
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    410: errors.Gone,
    413: errors.TooLarge,
    415: errors.UnsupportedMediaType,
    422: errors.InvalidRecord,
    429: errors.RateLimited,
}


class GatewayClient:
    """One gateway. Use as a context manager.

    Every method raises Unavailable where the gateway does not answer, and else the error that its answer describes.
    ``transport`` takes the network's place in tests.
    """

    def __init__(self, target: Target, *, transport: httpx.BaseTransport | None = None) -> None:
        self.target: Final = target
        self._authorization = {"Authorization": f"Bearer {target.token}"}
        mounts = None if transport else _NO_PROXY
        try:
            self._http = httpx.Client(base_url=target.url, timeout=_TIMEOUT, transport=transport, mounts=mounts)
        except (httpx.InvalidURL, ValueError, ssl.SSLError, OSError) as error:
            raise Unavailable(f"The address {target.url} cannot be used: {error}.", field="--url") from None

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._http.close()

    def send_event(self, headers: Mapping[str, str], body: bytes | Iterable[bytes]) -> list[Export]:
        """Send an event in any mode but the batch and return its exports."""
        return _exports(self._call("POST", "/v1/events", headers=headers, content=body))

    def send_batch(self, headers: Mapping[str, str], body: bytes) -> list[list[Export] | RunfolioError]:
        """Send a batch and return for each event its exports, or what is wrong with it."""
        results = _decoded(self._call("POST", "/v1/events", headers=headers, content=body), dict[str, Any])
        return [_result(one) for one in results.get("results", [])]

    def send_payload(self, path: str, params: Mapping[str, Any], body: bytes) -> list[Export]:
        """Send an engine's own payload to the engine's path."""
        headers = {"Content-Type": "application/json"}
        return _exports(self._call("POST", path, params=params, headers=headers, content=body))

    def export(self, export_id: str, *, wait: float = 0) -> Export:
        """Return an export as it is, or after up to ``wait`` seconds (30 at most) as soon as it is settled."""
        params = {"wait": min(max(wait, 0), _LONGEST_WAIT)}
        return _decoded(self._call("GET", f"/v1/exports/{quote(export_id, safe='')}", params=params), Export)

    def exports(self, *, status: str, workflow: str | None = None) -> Iterator[Export]:
        """Yield the exports in a state, newest first."""
        params: dict[str, Any] = {"status": status, "limit": _PAGE}
        if workflow is not None:
            params["workflow"] = workflow
        while True:
            page = _decoded(self._call("GET", "/v1/exports", params=params), _ExportPage)
            yield from page.items
            if page.next is None:
                return
            params["cursor"] = page.next

    def request_export(self, workflow_id: str, execution_id: str, options: Options) -> Export:
        """Export a stored execution, again where that was done before; one that is ready is returned as it is."""
        ids = [quote(one, safe="") for one in (workflow_id, execution_id)]
        path = f"/v1/workflows/{ids[0]}/executions/{ids[1]}/exports"
        headers = {"Content-Type": "application/json"}
        return _decoded(self._call("POST", path, headers=headers, content=msgspec.json.encode(options)), Export)

    def delete(self, export_id: str) -> None:
        """Revoke an export's link and delete its archive."""
        self._call("DELETE", f"/v1/exports/{quote(export_id, safe='')}")

    def login_link(self) -> str:
        """Return a link that logs a browser in, once, with what the token may see and do."""
        return _decoded(self._call("POST", "/v1/login-links"), _LoginLink).url

    def alive(self) -> None:
        """Ask whether the gateway lives."""
        _decoded(self._call("GET", "/healthz"), dict[str, Any])

    def readiness(self) -> dict[str, Any]:
        """Return what the gateway says about broker, storage and workers."""
        return _decoded(self._call("GET", "/readyz"), dict[str, Any])

    def download(self, link: str) -> Iterator[bytes]:
        """Follow a download link as anybody could, without the token, and yield the archive's bytes.

        Raises RunfolioError where the connection breaks before the last byte.
        """
        try:
            with self._http.stream(
                "GET", link, follow_redirects=True, headers={"Accept": "*/*", "Accept-Encoding": "identity"}
            ) as response:
                if response.status_code != 200:
                    response.read()
                    raise _error_of(response)
                yield from response.iter_bytes(_PIECE)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _unavailable(httpx.URL(link).copy_with(path="/", query=None), error) from None

    def _call(self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any) -> httpx.Response:
        again = 0 if isinstance(options.get("content"), Iterator) else _PATIENCE
        while True:
            try:
                response = self._http.request(
                    method, path, headers={**self._authorization, **(headers or {})}, **options
                )
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise _unavailable(self.target.url, error) from None
            if response.is_success:
                return response
            if response.status_code != 429 or not again:
                raise _error_of(response)
            again -= 1
            time.sleep(_seconds(response.headers.get("retry-after")))


def _seconds(retry_after: str | None) -> int:
    """Read a Retry-After in seconds (RFC 9110 section 10.2.3), within bounds."""
    return min(int(retry_after), _LONGEST_PAUSE) if retry_after and retry_after.isdecimal() else 1


class _LoginLink(msgspec.Struct):
    url: Annotated[str, msgspec.Meta(min_length=1)]


class _ExportPage(msgspec.Struct):
    items: list[Export]
    next: str | None = None


def _decoded(response: httpx.Response, model: type[T]) -> T:
    try:
        return msgspec.json.decode(response.content, type=ready(model))
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise MalformedBody(
            f"{response.url.copy_with(query=None)} answered something that is no gateway's answer.",
            field="--url",
            remedy="Check that the address is a gateway's, and that it is of the same version as this command.",
        ) from None


def _exports(response: httpx.Response) -> list[Export]:
    return _converted(_decoded(response, dict[str, Any]).get("exports"))


def _converted(value: Any) -> list[Export]:
    try:
        return msgspec.convert(value, ready(list[Export]))
    except msgspec.ValidationError:
        raise MalformedBody("The gateway's answer holds no exports.", field="--url") from None


def _result(result: dict[str, Any]) -> list[Export] | RunfolioError:
    if "problem" in result:
        return _described(result["problem"])
    return _converted(result.get("exports"))


def _error_of(response: httpx.Response) -> RunfolioError:
    """Turn an answer that is no success into the error that it describes (RFC 9457)."""
    try:
        problem = msgspec.json.decode(response.content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        problem = {}
    if str(problem.get("type", "")).startswith(NAMESPACE):
        return _described({**problem, "status": response.status_code})
    kind = Unavailable if response.status_code >= 500 else _BY_STATUS.get(response.status_code, RunfolioError)
    return kind(f"{response.url.copy_with(query=None)} answered {response.status_code} {response.reason_phrase}.")


def _described(problem: Mapping[str, Any]) -> RunfolioError:
    status = problem.get("status")
    kind = _BY_STATUS.get(status, RunfolioError) if isinstance(status, int) else RunfolioError
    detail, field, remedy = (problem.get(name) for name in ("detail", "field", "remedy"))
    return (Unavailable if status == 503 else kind)(
        str(detail or problem.get("title")), field=field and str(field), remedy=remedy and str(remedy)
    )


def _unavailable(address: object, error: Exception) -> Unavailable:
    reason = str(error) or type(error).__name__
    return Unavailable(
        f"{address} does not answer: {reason}.",
        field="--url",
        remedy="Check the address, and that the gateway runs and can be reached from here.",
    )
