"""Requests made up from our own OpenAPI document, as three different people: nothing breaks, nothing
undeclared comes back, and nobody learns a word of the other space. Promises S22, P2, P7."""

from collections.abc import Iterator
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import schemathesis
from django.core import signals
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from deployments.models import Environment
from octoplat.wsgi import application
from tests.factories.deployments import make_furnished_space, make_project
from tests.factories.spaces import make_api_key
from tests.factories.standing import STANDING, enter
from tests.octoplat.test_permission_matrix import NAMED, ids, people, world

__all__ = ["ids", "people", "world"]

load_all_checks()
CHECKED = [
    CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    )
]
CANARY = "kanarienvogel"
ACTORS = ("space manager", "developer", "outsider")
EXAMPLES = 4  # of each operation, kind of data and actor
CALM = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def read_to_its_end(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """octoplat, as a server runs it that closes each answer, and with it the file it came from."""
    answer = application(environ, start_response)
    try:
        return [b"".join(answer)]
    finally:
        answer.close()


@pytest.fixture
def open_connection() -> Iterator[None]:
    """Requests end without closing the connection that the test's transaction lives on."""
    pair = (signals.request_started, signals.request_finished)
    for signal in pair:
        signal.disconnect(close_old_connections)
    yield
    for signal in pair:
        signal.connect(close_old_connections)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.promise("P2")
@pytest.mark.promise("S1")
@pytest.mark.promise("S22")
@pytest.mark.parametrize("name", ACTORS)
def test_requests_made_up_from_the_document(open_connection, world, people, name):
    dev = Environment.objects.get(name="Dev")
    actor = enter(STANDING[name], world.space, dev, make_project(world.space, name="Elsewhere"))
    foreign = make_furnished_space(name=f"{CANARY} space", slug=CANARY)
    make_project(foreign, name=f"{CANARY} project")
    headers = {"X-Octopus-ApiKey": make_api_key(actor.user)[1]}
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", read_to_its_end, headers=headers)
    known = people | {"spaces": world.space.wire_id}

    wrong: dict[str, str] = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in modes(operation):
            try_out(operation, mode, headers, parameters(operation, known), wrong)

    assert not wrong, "\n\n".join(f"{label}: {why}" for label, why in sorted(wrong.items()))


def modes(operation) -> Iterator[GenerationMode]:
    """Wrong data can only be made up where the document says what is right."""
    yield GenerationMode.POSITIVE
    if operation.body or len(operation.query):
        yield GenerationMode.NEGATIVE


def parameters(operation, known) -> dict[str, str]:
    """Real values for the path, so that requests arrive somewhere."""
    path = operation.path
    kind = path.partition("/{id}")[0].rpartition("/")[2]
    values = {
        "space": known["spaces"],
        "id": known.get(NAMED.get(kind, kind), "Nothing-1"),
        "key_id": known["apikeys"],
        "version": "1.0.0",
        "environment": "Dev",
    }
    return {name: value for name, value in values.items() if f"{{{name}}}" in path}


def try_out(operation, mode, headers, path_parameters, wrong) -> None:
    @CALM
    @given(case=operation.as_strategy(generation_mode=mode, path_parameters=path_parameters))
    def example(case) -> None:
        with transaction.atomic():
            try:
                answer = case.call(headers=headers)
                case.validate_response(answer, checks=CHECKED, headers=headers)
                assert CANARY.encode() not in answer.content, "A foreign name"
            finally:
                transaction.set_rollback(True)

    try:
        example()
    except Unsatisfiable:
        return  # no wrong data fits the document
    except BaseExceptionGroup as group:
        wrong[operation.label] = "; ".join(str(failure) for failure in group.exceptions)
    except AssertionError as failure:
        wrong[operation.label] = str(failure)
