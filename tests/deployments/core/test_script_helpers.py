"""The preludes, run for real by bash and python3."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from deployments.core.operations import Syntax
from deployments.core.script_helpers import VARIABLES, command, compose
from deployments.core.service_messages import Parser

AWKWARD = {
    "Plain": "value",
    "Empty": "",
    "Quotes": 'it\'s "quoted" `and` \\backslashed\\ \\n \\c \\0101',
    "Lines": "one\ntwo\r\n\n\tthree\n",
    "Unicode": "grüße 日本 😎",
    "Shell": "$(touch pwned) ${HOME} `touch pwned` ; touch pwned & * ~ !!",
    "Blanks": "  both sides \t",
    "Name with spaces": "1",
    "Octopus.Action[Step 1].Output.X": "2",
    "]$(touch pwned)": "3",
    "@": "4",
    "*": "5",
    "a\tb\\c": "6",
    "-n": "7",
    "Long": "x" * 100_000,
}


@pytest.fixture
def run(tmp_path: Path):
    """Runs a script in a run folder; raises CalledProcessError on another exit code than `exits`."""

    def run(
        syntax: Syntax,
        body: str,
        variables: Mapping[str, str] | None = None,
        parameters: Sequence[str] = (),
        exits: int = 0,
    ) -> str:
        folder = tmp_path / "run"
        folder.mkdir(mode=0o700)
        for name, content in compose(syntax, body, variables or {}, parameters).items():
            (folder / name).write_bytes(content)
        done = subprocess.run(
            command(syntax, str(folder)), cwd=tmp_path, capture_output=True, timeout=60
        )
        assert done.returncode == exits, done.stderr.decode()
        assert not (folder / VARIABLES).exists()
        assert not list(tmp_path.rglob("pwned"))
        return done.stdout.decode()

    return run


def messages(output: str) -> list[tuple[str, dict[str, str]]]:
    """What was sent, level switches apart."""
    sent = [(message.name, dict(message.properties)) for message in Parser().feed(output)]
    return [message for message in sent if not message[0].startswith("stdout-")]


@pytest.mark.promise("S15")
def test_bash_reads_every_value_as_it_is(run):
    # Printed through base64, because $(...) would drop the line ends at the end.
    body = 'for name in "$@"; do get_octopusvariable "$name" | base64 | tr -d "\\n"; echo; done'

    lines = run(Syntax.BASH, body, AWKWARD, parameters=list(AWKWARD)).splitlines()

    decoded = [subprocess.run(["base64", "-d"], input=line.encode(), capture_output=True).stdout
               for line in lines]  # fmt: skip
    assert decoded == [value.encode() for value in AWKWARD.values()]


@pytest.mark.promise("S15")
def test_bash_has_the_values_in_a_map_too(run):
    names = [name for name in AWKWARD if name not in ("@", "*")]
    body = 'for name in "$@"; do printf "%s|" "${octopus_parameters[$name]}"; done'

    assert run(Syntax.BASH, body, AWKWARD, names) == "".join(f"{AWKWARD[n]}|" for n in names)


@pytest.mark.promise("S15")
def test_python_reads_every_value_as_it_is(run):
    body = (
        "import sys\n"
        "for name in sys.argv[1:]:\n"
        "    assert octopusvariables[name] == get_octopusvariable(name)\n"
        "    print(encode(get_octopusvariable(name)))"
    )

    lines = run(Syntax.PYTHON, body, AWKWARD, parameters=list(AWKWARD)).splitlines()

    decoded = [subprocess.run(["base64", "-d"], input=line.encode(), capture_output=True).stdout
               for line in lines]  # fmt: skip
    assert decoded == [value.encode() for value in AWKWARD.values()]


@pytest.mark.parametrize(
    ("syntax", "body"),
    [
        (Syntax.BASH, "set -eu; get_octopusvariable pLAIN; get_octopusvariable missing; echo ."),
        (
            Syntax.PYTHON,
            "print(get_octopusvariable('pLAIN') + get_octopusvariable('missing') + '.')",
        ),
    ],
)
def test_case_does_not_matter_and_a_missing_variable_is_empty(run, syntax, body):
    assert run(syntax, body, AWKWARD) == "value.\n"


def test_the_map_of_python_ignores_case_and_keeps_spellings(run):
    body = "print(octopusvariables['pLAIN'], octopusvariables.get('no', 1), *octopusvariables)"

    assert run(Syntax.PYTHON, body, {"Plain": "value"}) == "value 1 Plain\n"


@pytest.mark.promise("S2")
@pytest.mark.parametrize(
    ("syntax", "body"),
    [
        (Syntax.BASH, "cat /proc/$$/cmdline /proc/$$/environ | tr '\\0' '\\n'; ls; export -p"),
        (
            Syntax.PYTHON,
            "print(open('/proc/self/cmdline').read(), open('/proc/self/environ').read())",
        ),
    ],
)
def test_values_are_neither_arguments_nor_environment(run, syntax, body):
    if not os.path.exists("/proc/self/cmdline"):
        pytest.skip("this system has no /proc")

    assert "hunter2" not in run(syntax, body, {"Password": "hunter2"}, parameters=["hunter2"])


@pytest.mark.promise("S2")
def test_tracing_asked_for_by_the_environment_does_not_show_variables(tmp_path):
    for name, content in compose(Syntax.BASH, "true", {"Password": "hunter2"}).items():
        (tmp_path / name).write_bytes(content)

    done = subprocess.run(
        command(Syntax.BASH, str(tmp_path)),
        env={**os.environ, "SHELLOPTS": "xtrace"},
        capture_output=True,
        check=True,
    )

    assert b"hunter2" not in done.stderr


@pytest.mark.parametrize(
    ("syntax", "body", "code"),
    [
        (Syntax.BASH, "exit 7", 7),
        (Syntax.BASH, "(exit 3)", 3),
        (Syntax.BASH, "set -e; false; echo not reached", 1),
        (Syntax.BASH, "fail_step", 1),
        (Syntax.BASH, "if then", 2),
        (Syntax.PYTHON, "import sys; sys.exit(7)", 7),
        (Syntax.PYTHON, "1 / 0", 1),
        (Syntax.PYTHON, "failstep()", 255),
    ],
)
def test_the_exit_code_is_that_of_the_script(run, syntax, body, code):
    run(syntax, body, exits=code)


def test_windows_line_ends_do_not_break_bash(run):
    assert run(Syntax.BASH, "if true; then\r\n  echo yes\r\nfi\r\n") == "yes\n"


def test_parameters_arrive_one_by_one(run):
    parameters = ["one", "", "three  spaces", "$HOME", "new\nline"]

    assert run(Syntax.BASH, 'printf "<%s>" "$#" "$@"', {}, parameters) == "<5>" + "".join(
        f"<{parameter}>" for parameter in parameters
    )


BASH_CALLS = """set -eu
cd "$(mktemp -d)"
printf hello > 'my file.txt'
set_octopusvariable Url 'https://example.com/?a=1&b='"'2'"
set_octopusvariable Password 'p w' -sensitive
new_octopusartifact 'my file.txt'
new_octopusartifact /missing/log.txt 'Log of today'
update_progress 50 'half way'
new_octopustarget -n web -t ssh --inputs '{}' --roles 'a,b' --update-if-existing
remove-octopustarget old
set_environmentstate Db shop-7 -sensitive
set_environmenturl Site https://example.com
report_kubernetes_manifest 'kind: Pod' prod
fail_step 'No disk left'
"""


def test_the_functions_of_bash_send_their_messages(run):
    sent = messages(run(Syntax.BASH, BASH_CALLS, exits=1))

    artifact = sent.pop(2)[1]
    assert artifact.pop("path").endswith("/my file.txt")
    assert artifact == {"name": "my file.txt", "length": "5"}
    assert sent == [
        ("setVariable", {"name": "Url", "value": "https://example.com/?a=1&b='2'"}),
        ("setVariable", {"name": "Password", "value": "p w", "sensitive": "True"}),
        ("createArtifact", {"path": "/missing/log.txt", "name": "Log of today", "length": "0"}),
        ("progress", {"percentage": "50", "message": "half way"}),
        (
            "createStepPackageTarget",
            {
                "name": "web",
                "type": "ssh",
                "inputs": "{}",
                "roles": "a,b",
                "workerPool": "",
                "updateIfExisting": "True",
            },
        ),
        ("delete-target", {"machine": "old"}),
        (
            "set-environmentstate",
            {"key": "Db", "value": "shop-7", "sensitive": "True", "type": "State"},
        ),
        (
            "set-environmentstate",
            {"key": "Site", "value": "https://example.com", "sensitive": "False", "type": "Url"},
        ),
        ("k8s-manifest-applied", {"manifest": "kind: Pod", "ns": "prod"}),
        ("resultMessage", {"message": "No disk left"}),
    ]


PYTHON_CALLS = """
set_octopusvariable("Url", "https://example.com")
set_octopusvariable("Password", "p w", sensitive=True)
createartifact("/missing/log.txt", fileName="Log")
updateprogress(50, message="half way")
failstep(message="No disk left")
"""


def test_the_functions_of_python_send_their_messages(run):
    sent = messages(run(Syntax.PYTHON, PYTHON_CALLS, exits=255))

    assert sent == [
        ("setVariable", {"name": "Url", "value": "https://example.com"}),
        ("setVariable", {"name": "Password", "value": "p w", "sensitive": "True"}),
        ("createArtifact", {"path": "/missing/log.txt", "name": "Log", "length": "0"}),
        ("progress", {"percentage": "50", "message": "half way"}),
        ("resultMessage", {"message": "No disk left"}),
    ]


@pytest.mark.parametrize("level", ["verbose", "highlight", "wait", "warning"])
@pytest.mark.parametrize(
    ("syntax", "call"), [(Syntax.BASH, "write_{} 'hi there'"), (Syntax.PYTHON, "print{}('hi there')")]
)  # fmt: skip
def test_a_line_can_have_a_level(run, syntax, call, level):
    assert run(syntax, call.format(level)) == (
        f"##octopus[stdout-{level}]\nhi there\n##octopus[stdout-default]\n"
    )


def test_bash_encodes_and_decodes(run):
    body = 'decode_servicemessagevalue "$(encode_servicemessagevalue "grüße")"'

    assert run(Syntax.BASH, body) == "grüße"


def test_many_variables_do_not_slow_the_start(run):
    variables = {f"Some.Variable[{number}].Name": f"value {number}" for number in range(500)}
    started = time.perf_counter()

    run(Syntax.BASH, "true", variables)

    assert time.perf_counter() - started < 2  # takes about 0.03 s; a process each would take more


def test_powershell_gets_its_variables_as_json():
    files = compose(Syntax.POWERSHELL, "Write-Host hi", {"A": "ü"})

    assert files.keys() == {"prelude.ps1", "script.ps1", "variables"}
    assert b'"Name": "A"' in files["variables"]


def test_a_script_of_a_package_needs_no_body():
    assert compose(Syntax.BASH, None, {}).keys() == {"prelude.sh", "variables"}
    assert command(Syntax.BASH, "/run", "/app/Deploy.sh") == (
        "bash",
        "/run/prelude.sh",
        "/app/Deploy.sh",
    )
