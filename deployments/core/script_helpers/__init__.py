"""The functions a script finds beside itself, and the files that carry its variables to it.

A prelude (prelude.sh, .py, .ps1) reads the file `variables` from its own folder, deletes it, defines
the functions of variables-and-versions.md 10.2 and runs the script in the same process. Variables
and parameters never appear in arguments or the environment; the run folder is 0700, its files 0600.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from deployments.core.operations import Syntax

VARIABLES = "variables"

_SUFFIXES = {Syntax.BASH: "sh", Syntax.PYTHON: "py", Syntax.POWERSHELL: "ps1"}
_INTERPRETERS = {
    Syntax.BASH: ("bash",),
    Syntax.PYTHON: ("python3", "-u"),
    Syntax.POWERSHELL: ("pwsh", "-NoLogo", "-NoProfile", "-NonInteractive", "-File"),
}
_BASH_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\0": ""})


def compose(
    syntax: Syntax,
    body: str | None,
    variables: Mapping[str, str],
    parameters: Sequence[str] = (),
) -> dict[str, bytes]:
    """The files of a run folder by name. body: None when the script comes from a package.

    variables: evaluated values; names that differ only in case are one name. NUL characters are
    dropped, no shell can hold them.
    """
    composed = {
        f"prelude.{_SUFFIXES[syntax]}": _prelude(syntax),
        VARIABLES: _variables_file(syntax, variables, parameters).encode("utf-8", "replace"),
    }
    if body is not None:
        if syntax is Syntax.BASH:
            body = body.replace("\r\n", "\n")  # written on Windows
        composed[f"script.{_SUFFIXES[syntax]}"] = body.encode("utf-8", "replace")
    return composed


def command(syntax: Syntax, folder: str, script: str = "") -> tuple[str, ...]:
    """The argument list that runs `script`, or the composed one, with the prelude in `folder`."""
    suffix = _SUFFIXES[syntax]
    script = script or f"{folder}/script.{suffix}"
    return (*_INTERPRETERS[syntax], f"{folder}/prelude.{suffix}", script)


@cache
def _prelude(syntax: Syntax) -> bytes:
    return files(__package__).joinpath(f"prelude.{_SUFFIXES[syntax]}").read_bytes()


def _variables_file(syntax: Syntax, variables: Mapping[str, str], parameters: Sequence[str]) -> str:
    if syntax is Syntax.BASH:
        return _bash_lines(variables, parameters)
    pairs = [{"Name": name, "Value": value} for name, value in variables.items()]
    return json.dumps({"Variables": pairs, "Parameters": list(parameters)})


def _bash_lines(variables: Mapping[str, str], parameters: Sequence[str]) -> str:
    """One line each, in escapes that `printf %b` undoes: no process is started to decode them."""
    rows = [("variable", name, value) for name, value in variables.items()]
    rows += [("parameter", "-", value) for value in parameters]
    return "".join("\t".join(cell.translate(_BASH_ESCAPES) for cell in row) + "\n" for row in rows)
