"""Files on their way in, straight into the blob store, whatever form clients send them in."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.utils.http import parse_header_parameters

from deployments import blobs
from spaces.errors import Invalid


def receive(request: HttpRequest, incoming: blobs.Incoming) -> str:
    """Fills `incoming` with the file of a request; returns its name.

    Forms: the first part of a multipart body that has a file name, whatever its field is called, or the
    body itself, named by Content-Disposition or by `?fileName=`. Raises Invalid.
    """
    incoming.expect(int(request.META.get("CONTENT_LENGTH") or 0))
    kind = request.content_type or ""
    name = (
        _from_form(request, incoming)
        if kind.startswith("multipart/")
        else _from_body(request, incoming)
    )
    if not name:
        raise Invalid(
            "The request holds no file. Send one as multipart/form-data with a file name."
        )
    if not incoming.size:
        raise Invalid(f"The file {name[:200]!r} is empty.")
    return name


class IntoStore(FileUploadHandler):
    """Writes the first file of a form into the store while it arrives; others are passed over."""

    chunk_size = blobs.CHUNK

    def __init__(self, incoming: blobs.Incoming) -> None:
        super().__init__()
        self.incoming = incoming
        self.name = ""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.name or not self.file_name:
            raise SkipFile
        self.name = self.file_name

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.incoming.write(raw_data)

    def file_complete(self, file_size: int) -> None:
        return None


def _from_form(request: HttpRequest, incoming: blobs.Incoming) -> str:
    if hasattr(
        request, "_files"
    ):  # the CSRF check of a browser's request has read the form already
        files: Any = request.FILES
        file = next(iter(files.values()), None)
        if file is None:
            return ""
        incoming.fill(file.chunks(blobs.CHUNK))
        return str(file.name)
    handler = IntoStore(incoming)
    request.upload_handlers = [handler]
    try:
        request.parse_file_upload(request.META, request)
    except MultiPartParserError as exc:
        raise Invalid(f"The form cannot be read: {exc}") from exc
    return handler.name


def _from_body(request: HttpRequest, incoming: blobs.Incoming) -> str:
    _, said = parse_header_parameters(request.headers.get("Content-Disposition", ""))
    name = said.get("filename") or request.GET.get("fileName") or request.GET.get("filename") or ""
    if not name:
        return ""
    while chunk := request.read(blobs.CHUNK):
        incoming.write(chunk)
    return str(name).replace("\\", "/").rpartition("/")[2]
