"""A small client of octoplat's own REST API, for the demo and the benchmarks. Standard library only."""

import json
import urllib.error
import urllib.request
import uuid
from typing import Any


class Refused(Exception):
    """The server answered with an error; the text is its explanation."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        super().__init__(f"{status}: {text}")


class RestClient:
    """Sends JSON as a user's API key. Paths are relative to the server, as in the documentation."""

    def __init__(self, url: str, api_key: str) -> None:
        self._url = url.rstrip("/")
        self._api_key = api_key

    def get(self, path: str) -> Any:
        return self._send("GET", path)

    def post(self, path: str, body: Any) -> Any:
        return self._send("POST", path, body)

    def put(self, path: str, body: Any = None) -> Any:
        return self._send("PUT", path, body)

    def find(self, path: str, name: str) -> Any | None:
        """The item of a collection with exactly this name, or None."""
        items = self.get(f"{path}?take=1000")["Items"]
        return next((item for item in items if item["Name"] == name), None)

    def ensure(self, path: str, body: dict[str, Any]) -> Any:
        """The item of that name, created when it is missing."""
        return self.find(path, body["Name"]) or self.post(path, body)

    def text(self, path: str) -> str:
        """A plain text answer, such as a raw log."""
        with self._open("GET", path, None, {}) as answer:
            return str(answer.read().decode())

    def upload(self, path: str, file_name: str, content: bytes) -> Any:
        """Push a file as multipart/form-data."""
        boundary = uuid.uuid4().hex
        head = (
            f"--{boundary}\r\n"
            f'Content-Disposition: form-data; name="file"; filename="{file_name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        body = head + content + f"\r\n--{boundary}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        with self._open("POST", path, body, kind) as answer:
            return json.load(answer)

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with self._open(method, path, data, {"Content-Type": "application/json"}) as answer:
            return json.load(answer)

    def _open(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own address
            self._url + path,
            data=data,
            method=method,
            headers=headers | {"X-Octopus-ApiKey": self._api_key},
        )
        try:
            return urllib.request.urlopen(request, timeout=60)  # noqa: S310
        except urllib.error.HTTPError as error:
            raise Refused(error.code, explanation(error.read())) from error


def explanation(body: bytes) -> str:
    """What an error body of the dialect says, on one line."""
    try:
        told = json.loads(body)
        return " ".join([told["ErrorMessage"], *told["Errors"]])
    except (ValueError, KeyError, TypeError):
        return body[:200].decode(errors="replace")
