import asyncssh
import pytest

from deployments.core.ssh_keys import BadHostKey, fingerprint_of, is_fingerprint


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
def test_the_fingerprint_is_the_one_openssh_prints(kind):
    key = asyncssh.generate_private_key(kind)
    public = key.export_public_key().decode()

    assert fingerprint_of(public) == key.get_fingerprint()
    assert is_fingerprint(fingerprint_of(public))


@pytest.mark.parametrize(
    "text", ["", "ssh-ed25519", "ssh-ed25519 not!base64", "ssh-ed25519 AAAA", "-oX=y AAAAB3NzaC1"]
)
def test_other_text_is_no_host_key(text):
    with pytest.raises(BadHostKey):
        fingerprint_of(text)


def test_an_md5_fingerprint_is_not_accepted():
    assert not is_fingerprint("d4:1d:8c:d9:8f:00:b2:04:e9:80:09:98:ec:f8:42:7e")
