"""SSH servers for the tests of this folder."""

from tests.ssh.servers import ssh_server, sshd

__all__ = ["ssh_server", "sshd"]
