"""Worker pools (api-dialect.md 8.23)."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments.api.crud import CrudViewSet
from deployments.api.fields import Constant, Text
from deployments.models import WorkerPool
from deployments.services.workers import (
    create_worker_pool,
    delete_worker_pool,
    sort_worker_pools,
    update_worker_pool,
)
from spaces.api.documents import SpaceResource
from spaces.api.fields import WireNumber
from spaces.api.views import ApiRequest
from spaces.permissions import Permission

# A bare array of ids.
IDS = {"application/json": {"type": "array", "items": {"type": "string"}}}


class WorkerPoolResource(SpaceResource):
    """Workers to choose from."""

    collection = "workerpools"

    Name = serializers.CharField(source="name")
    Slug = Text(source="slug")
    Description = Text(source="description")
    WorkerPoolType = Constant("StaticWorkerPool")
    IsDefault = serializers.BooleanField(source="is_default", required=False)
    SortOrder = serializers.IntegerField(source="sort_order", required=False)
    CanAddWorkers = Constant(False)
    WorkerType = Constant(None)


class WorkerPoolViewSet(CrudViewSet):
    model = WorkerPool
    view_permission = Permission.WORKER_VIEW
    serializer_class = WorkerPoolResource

    def add(self, given: dict[str, Any]) -> WorkerPool:
        given.pop("sort_order", None)
        return create_worker_pool(actor=self.request.actor, space=self.request.space, **given)

    def change(self, row: WorkerPool, given: dict[str, Any]) -> WorkerPool:
        return update_worker_pool(actor=self.request.actor, pool=row, **given)

    def remove(self, row: WorkerPool) -> None:
        delete_worker_pool(actor=self.request.actor, pool=row)

    @extend_schema(request=IDS, responses={200: list[str]})
    @action(detail=False, methods=["put"], url_path="sortorder", pagination_class=None)
    def sortorder(self, request: ApiRequest, **_: Any) -> Response:
        """Puts the pools into the order of a bare array of ids."""
        ids = serializers.ListField(child=WireNumber("WorkerPools")).run_validation(request.data)
        rows = sort_worker_pools(actor=request.actor, space=request.space, order=ids)
        return Response([row.wire_id for row in rows])

    @extend_schema(responses={200: dict})
    @action(detail=False, url_path="summary", pagination_class=None)
    def summary(self, request: ApiRequest, **_: Any) -> Response:
        """How many workers each pool has, by health. Pools have no workers of their own yet."""
        rows = self.get_serializer(self.filtered(self.get_queryset()), many=True).data
        return Response(
            {
                "WorkerPoolSummaries": [
                    {"WorkerPool": row, "TotalMachines": 0, "MachineHealthStatuses": {}}
                    for row in rows
                ]
            }
        )
