"""Where deployments go: environments, targets, accounts, workers, and the order of environments."""

from django.contrib import admin

from deployments.models import (
    Account,
    AccountEnvironment,
    Environment,
    Lifecycle,
    MachinePolicy,
    Phase,
    PhaseEnvironment,
    Target,
    TargetEnvironment,
    WorkerPool,
)
from spaces.admin import Rows, site


@admin.register(Environment, site=site)
class Environments(Rows):
    list_display = ("slug", "sort_order", "is_production", "use_guided_failure")
    list_filter = ("is_production",)
    search_fields = ("name", "slug")


@admin.register(Target, site=site)
class Targets(Rows):
    list_display = ("host", "port", "roles", "health", "is_disabled", "checked_at")
    list_filter = ("health", "is_disabled", "communication_style")
    list_select_related = ("policy", "account")
    search_fields = ("name", "host", "=fingerprint")


@admin.register(TargetEnvironment, site=site)
class TargetEnvironments(Rows):
    list_display = ("target", "environment")
    list_select_related = ("target", "environment")
    search_fields = ("target__name", "environment__name")


@admin.register(MachinePolicy, site=site)
class MachinePolicies(Rows):
    list_display = ("is_default", "health_interval", "only_connectivity", "may_be_offline")
    search_fields = ("name",)


@admin.register(Account, site=site)
class Accounts(Rows):
    list_display = ("account_type", "username")
    list_filter = ("account_type",)
    search_fields = ("name", "username")
    big = ("password", "private_key", "passphrase", "token")


@admin.register(AccountEnvironment, site=site)
class AccountEnvironments(Rows):
    list_display = ("account", "environment")
    list_select_related = ("account", "environment")
    search_fields = ("account__name", "environment__name")


@admin.register(WorkerPool, site=site)
class WorkerPools(Rows):
    list_display = ("is_default", "sort_order")
    search_fields = ("name",)


@admin.register(Lifecycle, site=site)
class Lifecycles(Rows):
    list_display = ("is_default",)
    search_fields = ("name",)


@admin.register(Phase, site=site)
class Phases(Rows):
    list_display = ("lifecycle", "sort_order", "minimum_environments", "is_optional")
    list_select_related = ("lifecycle",)
    search_fields = ("name", "lifecycle__name")


@admin.register(PhaseEnvironment, site=site)
class PhaseEnvironments(Rows):
    list_display = ("phase", "environment", "is_automatic")
    list_select_related = ("phase", "environment")
    search_fields = ("phase__name", "environment__name")
