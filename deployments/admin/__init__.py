"""The tables of `deployments` in Django's admin; `spaces.admin` says what operators see of them."""

from deployments.admin import history, infrastructure, library, projects, tenants

__all__ = ["history", "infrastructure", "library", "projects", "tenants"]
