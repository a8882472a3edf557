"""Times and durations as people read them. ui.md 4.10."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format

RECENT = timedelta(hours=24)


def relative(moment: datetime, now: datetime) -> str:
    """ "3 min ago", "in 2 h"; "" once it is further than a day away."""
    distance = now - moment
    if abs(distance) >= RECENT:
        return ""
    seconds = int(abs(distance).total_seconds())
    if seconds < 45:
        return "just now" if distance >= timedelta() else "in a moment"
    minutes = max(1, round(seconds / 60))
    amount = f"{minutes} min" if minutes < 60 else f"{round(minutes / 60)} h"
    return f"{amount} ago" if distance > timedelta() else f"in {amount}"


def absolute(moment: datetime) -> str:
    """The moment in the reader's zone, with the zone's name: "Mon 24 Nov 2025, 14:02:10 CET"."""
    local = timezone.localtime(moment)
    return f"{date_format(local, 'D j M Y, H:i:s')} {local.tzname()}"


def short(moment: datetime, now: datetime) -> str:
    """Relative while recent, else the day, with the year only where it is another one."""
    near = relative(moment, now)
    if near:
        return near
    local = timezone.localtime(moment)
    pattern = "j M, H:i" if local.year == timezone.localtime(now).year else "j M Y"
    return date_format(local, pattern)


def duration(length: timedelta) -> str:
    """ "2 m 14 s", "1 h 5 m", "3 d 2 h": the two largest units."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} m {seconds} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} m"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"
