import pytest

from deployments.core.files.globs import matching, relative_globs

FILES = ["web.config", "bin/app.dll", "bin/x64/app.dll", "views/a.cshtml", "views/b.cshtml"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("web.config", ["web.config"]),
        ("*", ["web.config"]),
        ("**/*", FILES),
        ("**", FILES),
        ("bin/**", ["bin/app.dll", "bin/x64/app.dll"]),
        ("**/*.dll", ["bin/app.dll", "bin/x64/app.dll"]),
        (r"bin\*\*.dll", ["bin/x64/app.dll"]),
        ("views/?.cshtml", ["views/a.cshtml", "views/b.cshtml"]),
        ("views/[!a].cshtml", ["views/b.cshtml"]),
        ("**/*.{config,cshtml}", ["web.config", "views/a.cshtml", "views/b.cshtml"]),
        ("we[", []),
        ("web.confi{g", []),
        ("WEB.CONFIG", []),
    ],
)
def test_patterns_match_paths(pattern, found):
    assert matching(FILES, pattern) == found


def test_a_set_of_nothing_is_no_pattern():
    with pytest.raises(ValueError, match="not a pattern"):
        matching(FILES, "[z-a]")


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("bin/**/* => lib", ["lib/app.dll", "lib/x64/app.dll"]),
        ("bin/**/* => lib/*", ["lib/app.dll", "lib/app.dll"]),
        ("bin/app.dll", ["app.dll"]),
        ("bin/app.dll => lib/other.dll", ["lib/other.dll"]),
        ("bin/app.dll => lib/", ["lib/app.dll"]),
        ("bin/app.dll => lib/*", ["lib/app.dll"]),
    ],
)
def test_names_are_relative_to_the_fixed_part_of_the_pattern(pattern, names):
    assert relative_globs([f"/opt/app/{file}" for file in FILES], "/opt/app/", pattern) == names


def test_files_of_a_sibling_folder_are_not_below_the_base():
    assert relative_globs(["/opt/app2/a"], "/opt/app", "**/*") == []
