"""Runs a script with the variables and functions of octoplat: python3 prelude.py SCRIPT

Works from Python 3.7 on; it runs on targets, not in the server.
"""

from __future__ import annotations

import base64
import json
import os
import runpy
import sys
from collections import UserDict


class Variables(UserDict):  # type: ignore[type-arg]  # UserDict[...] as a base needs Python 3.9
    """Values by name; case does not matter. Iterating gives the names as they were written."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        super().__init__()

    def _spelling(self, name: object) -> object:
        return self._names.get(str(name).lower(), name)

    def __setitem__(self, name: str, value: str) -> None:
        super().__setitem__(name, value)
        self._names[name.lower()] = name

    def __getitem__(self, name: str) -> str:
        return str(super().__getitem__(self._spelling(name)))

    def __contains__(self, name: object) -> bool:
        return super().__contains__(self._spelling(name))


octopusvariables = Variables()


def encode(value: object) -> str:
    return base64.b64encode(str(value).encode("utf-8")).decode("ascii")


def decode(value: str) -> str:
    return base64.b64decode(value).decode("utf-8")


def send(name: str, *properties: tuple[str, object]) -> None:
    given = (f" {key}='{encode(value)}'" for key, value in properties)
    print(f"##octopus[{name}{''.join(given)}]", flush=True)


def line(level: str, text: object) -> None:
    print(f"##octopus[stdout-{level}]\n{text}\n##octopus[stdout-default]", flush=True)


def get_octopusvariable(name: str) -> str:
    return str(octopusvariables.get(name, ""))


def set_octopusvariable(name: str, value: object, sensitive: bool = False) -> None:
    properties = [("name", name), ("value", value)]
    if sensitive:
        properties.append(("sensitive", "True"))
    send("setVariable", *properties)


def createartifact(path: str, fileName: str | None = None) -> None:
    path = os.path.abspath(path)
    name = fileName or os.path.basename(path)
    length = os.path.getsize(path) if os.path.isfile(path) else 0
    printverbose(f"Artifact {name} will be collected from {path} after this step completes")
    send("createArtifact", ("path", path), ("name", name), ("length", length))


def updateprogress(progress: object, message: str | None = None) -> None:
    send("progress", ("percentage", progress), ("message", message or ""))


def failstep(message: str | None = None) -> None:
    if message:
        send("resultMessage", ("message", message))
    sys.exit(-1)


def printverbose(message: object) -> None:
    line("verbose", message)


def printhighlight(message: object) -> None:
    line("highlight", message)


def printwait(message: object) -> None:
    line("wait", message)


def printwarning(message: object) -> None:
    line("warning", message)


FOR_SCRIPTS = (
    get_octopusvariable,
    set_octopusvariable,
    createartifact,
    updateprogress,
    failstep,
    encode,
    decode,
    printverbose,
    printhighlight,
    printwait,
    printwarning,
)


def load(path: str) -> list[str]:
    """Take in the variables, and give back the parameters of the script."""
    with open(path, encoding="utf-8") as file:
        content = json.load(file)
    os.remove(path)
    for pair in content["Variables"]:
        octopusvariables[pair["Name"]] = pair["Value"]
    return [str(parameter) for parameter in content["Parameters"]]


def main(script: str) -> None:
    parameters = load(os.path.join(os.path.dirname(os.path.abspath(__file__)), "variables"))
    sys.argv = [script, *parameters]
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    given = {function.__name__: function for function in FOR_SCRIPTS}
    runpy.run_path(
        script, init_globals={**given, "octopusvariables": octopusvariables}, run_name="__main__"
    )


if __name__ == "__main__":
    main(sys.argv[1])
