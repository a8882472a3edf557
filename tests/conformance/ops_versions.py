"""Operations about versions, masks and ranges."""

from dataclasses import dataclass
from typing import Any

from deployments.core import retention, versions
from deployments.core.packages import names
from deployments.core.versions import InvalidVersion, MavenRange, Version, key, latest_masked


@dataclass(frozen=True)
class Told:
    """A named result of an operation."""

    value: Any = None
    count: int = 0
    is_mask: bool = False
    valid: bool = False


@dataclass(frozen=True)
class Parsed:
    """A version with the fields that the cases name beside its own."""

    version: Version | None

    def __getattr__(self, name: str) -> Any:
        if name == "valid":
            return self.version is not None
        if self.version is not None:
            told = str(self.version) if name == "text" else getattr(self.version, name)
            return list(told) if isinstance(told, tuple) else told
        return 0 if name in {"major", "minor", "patch", "revision"} else ""


def parse(text: str | None, format: str, lenient: bool = False) -> Parsed:
    try:
        return Parsed(versions.parse(text, format))
    except InvalidVersion:
        if lenient:
            return Parsed(None)
        raise


def sign(a: str, b: str, format: str) -> Told:
    return Told(versions.compare(a, b, format))


def equal(a: str, b: str, format: str) -> Told:
    return Told(versions.compare(a, b, format) == 0)


def same_key(a: str, b: str, format: str) -> Told:
    return Told(versions.key(a, format) == versions.key(b, format))


def distinct_count(versions: list[str], format: str) -> Told:
    return Told(count=len({key(text, format) for text in versions}))


def masked(mask: str, latest: str | None) -> Parsed:
    return Parsed(versions.parse(versions.apply_mask(mask, latest), "octopus"))


def first_masked(mask: str, versions: list[str]) -> str | None:
    return next(iter(latest_masked(mask, versions)), None)


def maven_range(range: str) -> MavenRange | versions.Range:
    return versions.parse_range(range, "maven")


def nuget_range(range: str, lenient: bool = False) -> Any:
    if not lenient:
        return versions.parse_range(range, "nuget")
    try:
        return Told(valid=bool(versions.parse_range(range, "nuget")))
    except versions.InvalidRange:
        return Told(valid=False)


def plan_retention(
    entries: list[dict[str, Any]],
    policy: str,
    keep_days: int | None = None,
    keep_releases: int | None = None,
) -> retention.Cleanup:
    installed = [
        retention.Installation(**entry | {"package_files": tuple(entry["package_files"])})
        for entry in entries
    ]
    return retention.plan(installed, policy, keep_days=keep_days, keep_releases=keep_releases)


def _best(range: str, candidates: list[str]) -> str | None:
    return versions.best_match(range, candidates)


OPERATIONS = {
    "version.parse": parse,
    "version.compare": sign,
    "version.equal": equal,
    "version.same_key": same_key,
    "version.distinct_count": distinct_count,
    "version.mask": lambda mask: Told(is_mask=versions.is_mask(mask)),
    "version.apply_mask": masked,
    "version.latest_masked": first_masked,
    "version.latest_masked_all": versions.latest_masked,
    "nuget.range": nuget_range,
    "maven.range": maven_range,
    "nuget.in_range": lambda version, range: Told(versions.in_range(version, range, "nuget")),
    "maven.in_range": lambda version, range: Told(versions.in_range(version, range, "maven")),
    "nuget.best_match": lambda range, versions: Told(_best(range, versions)),
    "nuget.range_equal": lambda a, b: Told(versions.ranges_equal(a, b)),
    "nuget.float": lambda text: versions.parse_float(text),
    "nuget.float_satisfies": lambda text, version: Told(versions.float_satisfies(text, version)),
    "maven.coordinates": versions.maven_coordinates,
    "maven.package_id": versions.maven_package_id,
    "package.parse_name": names.parse_path,
    "package.cached_name": lambda **given: Told(names.cached_name(**given)),
    "package.id_leaf": lambda id: Told(names.leaf(id)),
    "file_name.escape": lambda text: Told(names.escape(text)),
    "file_name.unescape": lambda text: Told(names.unescape(text)),
    "retention.plan": plan_retention,
}
