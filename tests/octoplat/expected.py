"""Which status each standing actor gets for each address: from the reviewed lists, not from the code.

permissions.yaml says what an address asks for; answers.yaml says where the answer is not simply the one
that follows from it. `python -m tests.octoplat` prints both put together, for review.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from deployments.api.absent import KINDS
from spaces.permissions import Permission
from tests.factories.standing import STANDING, Standing

BELOW_SPACE = "api/{space}/"
AT_SYSTEM_LEVEL = (
    *("spaces", "users", "serviceaccounts"),
    *("userroles", "teams", "scopeduserroles", "teammembership"),
)
ACCEPTED = {"GET": 200, "PUT": 200, "DELETE": 200, "POST": 201}


def _read(name: str) -> dict[str, dict[str, Any]]:
    documents: dict[str, dict[str, Any]] = YAML(typ="safe").load(
        Path(__file__).with_name(name).read_text()
    )
    return documents


LISTED = _read("permissions.yaml")
ANSWERS = _read("answers.yaml")
PAGES = _read("pages.yaml")


def needed(path: str, method: str) -> str:
    """What the list says, below a space as without one. Raises KeyError."""
    need: str = LISTED[path.replace(BELOW_SPACE, "api/", 1)][method]
    return need


def expected(who: Standing, path: str, method: str) -> int:
    """The status for one actor. Raises KeyError when the address is not listed."""
    need = needed(path, method)
    special = ANSWERS.get(f"{method} {path.replace(BELOW_SPACE, 'api/', 1)}", {})
    if who.name in special:
        return int(special[who.name])
    accepted = int(special.get("accepted", ACCEPTED[method]))
    if need == "anybody":
        return accepted
    if not who.is_known:
        return 401
    if ("{space}" in path and not who.knows_the_space) or _is_absent(path):
        return 404
    if need == "signed in" or need.startswith("list "):
        return accepted
    if _holds(who, need, path):
        return accepted
    return 403 if _sees(who, need, path) else 404


def table(routes: Iterable[tuple[str, str]]) -> str:
    """One line per route: what it asks for, and the status of every actor."""
    lines = [" " * 76 + " ".join(f"{name[:4]:>4}" for name in STANDING)]
    for path, method in sorted(routes):
        statuses = " ".join(f"{expected(who, path, method):>4}" for who in STANDING.values())
        lines.append(f"{method:6} {path:46} {needed(path, method):21} {statuses}")
    return "\n".join(lines)


def _holds(who: Standing, need: str, path: str) -> bool:
    permission = Permission(need)
    kind = path.replace(BELOW_SPACE, "api/").split("/")[1]
    at_system_level = kind in AT_SYSTEM_LEVEL and permission in who.system_permissions
    return at_system_level or (path.startswith(BELOW_SPACE) and who.holds(permission))


def _is_absent(path: str) -> bool:
    """Whether it is one of a kind of which there are none yet."""
    kind, _, item = path.removeprefix(BELOW_SPACE).partition("/")
    return kind in KINDS and item.startswith("{id}")


def _sees(who: Standing, need: str, path: str) -> bool:
    """Whether the thing that an address names is shown to them; an address without one names the space."""
    item, found, _ = path.partition("{id}")
    if not found:
        return not Permission(need).is_view
    view = LISTED.get(f"{item}{{id}}".replace(BELOW_SPACE, "api/", 1), {}).get("GET", "signed in")
    return view == "signed in" or (view != need and _holds(who, view, path))
