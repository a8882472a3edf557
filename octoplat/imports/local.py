"""Our own REST API without a network: requests go straight to the application."""

import io
import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote

from django.core.wsgi import get_wsgi_application

from octoplat.runtime.rest import Refused, explanation
from spaces.api.throttling import UNLIMITED


class LocalServer:
    """See `copying.Server`. Asks as the owner of the key, with every check that any client meets.

    base: what comes before all paths, such as "/api/Spaces-1".
    """

    def __init__(self, api_key: str, base: str) -> None:
        self._key = api_key
        self._base = base
        self._application = get_wsgi_application()

    def get(self, path: str) -> Any:
        return self._send("GET", path)

    def post(self, path: str, body: Any) -> Any:
        return self._send("POST", path, body)

    def put(self, path: str, body: Any = None) -> Any:
        return self._send("PUT", path, body)

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        data = b"" if body is None else json.dumps(body).encode()
        address, _, query = f"{self._base}{path}".partition("?")
        told: dict[str, int] = {}

        def start(status: str, headers: Any, problem: Any = None, /) -> Callable[[bytes], object]:
            told["status"] = int(status.split()[0])
            return lambda _: None

        answer: Iterable[bytes] = self._application(
            {
                "REQUEST_METHOD": method,
                "PATH_INFO": unquote(address),
                "QUERY_STRING": query,
                "CONTENT_TYPE": "application/json",
                "CONTENT_LENGTH": str(len(data)),
                "HTTP_X_OCTOPUS_APIKEY": self._key,
                "HTTP_HOST": "localhost",
                "SERVER_NAME": "localhost",
                "SERVER_PORT": "80",
                "REMOTE_ADDR": "127.0.0.1",
                UNLIMITED: True,
                "wsgi.url_scheme": "http",
                "wsgi.input": io.BytesIO(data),
                "wsgi.errors": io.StringIO(),
            },
            start,
        )
        content = b"".join(answer)
        if told["status"] >= 400:
            raise Refused(told["status"], explanation(content))
        return json.loads(content)
