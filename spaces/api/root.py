"""The documents every client reads first. api-dialect.md 3."""

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from spaces.api.links import root_links, space_links
from spaces.api.views import ApiRequest, DialectViewSet, SpaceCommandViewSet
from spaces.errors import NotFound
from spaces.models import Installation

# What clients compare: they refuse servers that are too old, and switch features on by it.
API_VERSION = "2025.4.10000"


@extend_schema(responses=dict)
class RootViewSet(ViewSet):
    """`/api`: who we are, and where everything is. Anybody may ask."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def list(self, request: ApiRequest) -> Response:
        return Response(
            {
                "Application": "octoplat",
                "Version": API_VERSION,
                "ApiVersion": "3.0.0",
                "InstallationId": str(Installation.objects.get().guid),
                "IsEarlyAccessProgram": False,
                "HasLongTermSupport": False,
                "Links": root_links(),
            }
        )


@extend_schema(responses=dict)
class SpaceRootViewSet(SpaceCommandViewSet):
    """`/api/{space}`."""

    def list(self, request: ApiRequest) -> Response:
        return Response({"Id": request.space.wire_id, "Links": space_links(request.space)})


@extend_schema(exclude=True)
class NowhereViewSet(DialectViewSet):
    """Addresses that nothing else answers: 401 for whoever is nobody, 404 for all others."""

    def nowhere(self, request: ApiRequest, **_: str) -> Response:
        raise NotFound("There is no such address in the API.")
