"""A real sshd for tests that run whole deployments."""

from tests.ssh.servers import sshd

__all__ = ["sshd"]
