"""Token exchange with an OpenID provider that others wrote: npm's oidc-provider. domain.md 3.4."""

import shutil
import subprocess
from urllib.parse import urlencode

import pytest

from octoplat.settings.env import ROOT
from spaces import issuers, outbound
from spaces.actors import Actor
from spaces.errors import Invalid
from spaces.models import OidcIdentity
from spaces.services import access_tokens
from spaces.services.token_exchange import exchange
from tests.factories.issuers import certify
from tests.factories.spaces import make_user

SUBJECT = "repo:acme/shop:ref:refs/heads/main"
STRANGER = Actor(user=None, identity="Nobody")

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (ROOT / "node_modules" / "oidc-provider").is_dir(),
    reason="Node or its package oidc-provider is not there",
)


@pytest.fixture
def account(db):
    return make_user(username="ci", is_service=True)


@pytest.fixture
def provider(tmp_path, settings, monkeypatch, account):
    """The address of a running provider that vouches for one client, to our account alone."""
    settings.OUTBOUND_ALLOWED = ["127.0.0.0/8"]
    settings.PUBLIC_URL = "https://deploy.example.com"
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "issuer.crt"))
    certify(tmp_path)
    issuers.forget()
    command = [
        *("node", ROOT / "tests" / "oidc" / "provider.mjs"),
        *(tmp_path / "issuer.crt", tmp_path / "issuer.key", str(account.external_id), SUBJECT),
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.terminate()
    issuers.forget()


@pytest.fixture
def token(provider):
    """What the provider signs for its client."""
    asked = {
        "grant_type": "client_credentials",
        "client_id": SUBJECT,
        "client_secret": "secret",
        "scope": "api",
    }
    reply = outbound.fetch(
        f"{provider}/token",
        method="POST",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode(asked).encode(),
    )
    assert reply.status == 200, reply.body
    return reply.json()["access_token"]


def test_what_a_real_provider_signs_opens_the_door(account, provider, token):
    OidcIdentity.objects.create(
        user=account, name="Shop", issuer=provider, subject="repo:acme/*:ref:refs/heads/main"
    )

    given = exchange(actor=STRANGER, account=str(account.external_id), token=token)

    shown = access_tokens.authenticate(given)
    assert (shown.user, shown.subject) == (account, SUBJECT)


def test_another_subject_of_a_real_provider_does_not(account, provider, token):
    OidcIdentity.objects.create(
        user=account, name="Shop", issuer=provider, subject="repo:acme/shop:ref:refs/heads/other"
    )

    with pytest.raises(Invalid):
        exchange(actor=STRANGER, account=str(account.external_id), token=token)
