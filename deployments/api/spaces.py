"""Deleting spaces: the part of their API that a server task does. api-dialect.md 6, domain.md 2."""

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from deployments.api.tasks import TaskResource
from spaces.api import spaces
from spaces.api.views import ApiRequest
from spaces.services.spaces import request_deletion


class SpaceViewSet(spaces.SpaceViewSet):
    """Spaces the caller may not see are left out, not refused."""

    @extend_schema(responses=TaskResource)
    def destroy(self, request: ApiRequest, id: str) -> Response:
        """Answers with the task that deletes. The dialect has no field for a typed name: who sends this
        has named the space in the address."""
        space = self.row(id)
        task = request_deletion(actor=request.actor, space=space, typed_name=space.name)
        return Response(TaskResource(task, context=self.get_serializer_context()).data)
