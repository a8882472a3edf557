import pytest

from deployments.core.hosts import host_problem, port_problem


@pytest.mark.parametrize(
    "host",
    [
        "shop1",
        "shop1.example.org",
        "shop1.example.org.",
        "web_1.lan",
        "127.0.0.1",
        "::1",
        "fe80::1",
    ],
)
def test_names_and_addresses_are_hosts(host):
    assert host_problem(host) == ""


@pytest.mark.promise("S15")
@pytest.mark.parametrize(
    "host",
    [
        "",
        "-oProxyCommand=touch /tmp/x",
        "a host",
        "host;reboot",
        "$(reboot)",
        "user@host",
        "host:22",
        "fe80::1%eth0",
        "http://host",
        "host/../x",
        "a..b",
        "-dash.example.org",
        "10.1",
        "0x7f.1",
        "2130706433",
        "x" * 64,
        ".".join(["label"] * 60),
        "host\n",
        "ho\0st",
    ],
)
def test_anything_else_is_refused(host):
    assert host_problem(host)


@pytest.mark.parametrize(("port", "fine"), [(0, False), (1, True), (65535, True), (65536, False)])
def test_ports_have_sixteen_bits(port, fine):
    assert (port_problem(port) == "") is fine
