"""What a person prefers to see: theme, density, time zone. Kept in cookies, so that the first paint is
right and nothing needs the database (ui.md 4.10, 4.11)."""

import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Self
from urllib.parse import unquote

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

THEMES = {"system": "As the system", "light": "Light", "dark": "Dark"}
DENSITIES = {"compact": "Compact", "comfortable": "Comfortable"}
A_YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Preferences:
    theme: str = "system"
    density: str = "compact"
    zone: str = "UTC"

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """What the cookies say; anything that is not a choice of ours counts as not said."""
        theme = request.COOKIES.get("octoplat_theme", "")
        density = request.COOKIES.get("octoplat_density", "")
        zone = unquote(request.COOKIES.get("octoplat_zone", ""))
        return cls(
            theme=theme if theme in THEMES else "system",
            density=density if density in DENSITIES else "compact",
            zone=zone if zone in zones() else "UTC",
        )

    def keep(self, response: HttpResponse, *, secure: bool) -> None:
        """Writes the cookies. The zone's is readable by script, which sets it on the first visit."""
        for name, value in (("theme", self.theme), ("density", self.density), ("zone", self.zone)):
            response.set_cookie(
                f"octoplat_{name}",
                value,
                max_age=A_YEAR,
                secure=secure,
                httponly=name != "zone",
                samesite="Lax",
            )


@cache
def zones() -> set[str]:
    """The names of time zones that there are; finding them walks a folder, so it happens once."""
    return zoneinfo.available_timezones()


def preferences_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Sets `request.preferences` and lets times be shown in the person's zone."""

    def middleware(request: HttpRequest) -> HttpResponse:
        preferences = Preferences.of(request)
        request.preferences = preferences  # type: ignore[attr-defined]  # ours
        with timezone.override(zoneinfo.ZoneInfo(preferences.zone)):
            return get_response(request)

    return middleware
