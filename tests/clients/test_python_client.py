"""The Python client on PyPI against the running server: its models read every collection.

The client is generated from the schema that servers of this dialect had in 2019. It checks types and
required properties when it reads; what it does not know it leaves out.
"""

import inspect
import pkgutil
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

from tests.plugins.stack import GROUP, Stack

pytestmark = [pytest.mark.xdist_group(GROUP), pytest.mark.slow]

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its generated sources have invalid escapes
    client = import_module("octopus_deploy_swagger_client")
    apis = import_module("octopus_deploy_swagger_client.octopus_deploy_client")

COLLECTION = "index_response_descriptor_"
# The agents these certificates are for do not exist here.
WITHOUT = {"configuration_certificate_configuration_certificate_configuration_resource"}
ROLES = "users_user_role_user_role_resource"
SPACE = "_spaces"


def collections() -> Iterator[Any]:
    """(class of the API, method) of every GET of a collection that the client knows."""
    for module in pkgutil.iter_modules(apis.__path__):
        for name, kind in inspect.getmembers(
            import_module(f"{apis.__name__}.{module.name}"), inspect.isclass
        ):
            methods = (
                [m for m in dir(kind) if m.startswith(COLLECTION)] if name.endswith("Api") else []
            )
            for method in methods:
                what = method.removeprefix(COLLECTION)
                if not method.endswith("_with_http_info") and what not in WITHOUT | {ROLES}:
                    yield pytest.param(kind, method, id=what)


@pytest.fixture(scope="module")
def connection(stack: Stack) -> Any:
    settings = client.Configuration()
    settings.host = stack.access.url
    settings.api_key["X-Octopus-ApiKey"] = stack.access.api_key
    return client.ApiClient(settings)


@pytest.mark.parametrize(("api", "method"), list(collections()))
def test_a_collection_reads_into_the_models_of_the_client(
    connection: Any, stack: Stack, api: Callable[[Any], Any], method: str
) -> None:
    arguments = [stack.access.space] if method.endswith(SPACE) else []

    page = getattr(api(connection), method)(*arguments)

    assert page.total_results is not None
    assert isinstance(page.items, list)


def test_of_roles_it_only_refuses_permissions_that_are_newer_than_itself(
    connection: Any, stack: Stack
) -> None:
    with pytest.raises(ValueError, match="granted_space_permissions") as refused:
        getattr(apis.UserRolesApi(connection), COLLECTION + ROLES)()

    named, known = str(refused.value).split("must be a subset of")
    unknown = {word.strip(" [],") for word in named.partition("[")[2].split(",")} - {""}
    assert unknown
    assert all(name.startswith(("Runbook", "BuildInformation")) for name in unknown), unknown
    assert "ProjectEdit" in known
