"""CI without stored secrets. domain.md 3.4; promises S4, S12, S20, P11."""

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.utils import timezone

from spaces import issuers
from spaces.actors import Actor
from spaces.errors import Conflict, Invalid, NotAuthenticated
from spaces.models import Event, OidcIdentity, TokenKey, User
from spaces.services import access_tokens
from spaces.services.api_keys import create_api_key
from spaces.services.oidc_identities import Trust, delete_oidc_identity, update_oidc_identity
from spaces.services.token_exchange import REFUSED, exchange
from spaces.services.users import update_user
from tests.factories.issuers import DISCOVERY, serving
from tests.factories.spaces import actor_for, make_administrator, make_user

SUBJECT = "repo:acme/shop:ref:refs/heads/main"
STRANGER = Actor(user=None, identity="Nobody", ip_address="10.0.0.1")


@pytest.fixture
def issuer(tmp_path, settings, monkeypatch):
    settings.OUTBOUND_ALLOWED = ["127.0.0.0/8"]
    settings.PUBLIC_URL = "https://deploy.example.com"
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "issuer.crt"))
    issuers.forget()
    with serving(tmp_path) as found:
        yield found
    issuers.forget()


@pytest.fixture
def account(db):
    return make_user(username="ci", is_service=True)


@pytest.fixture
def identity(account, issuer):
    return OidcIdentity.objects.create(
        user=account, name="Shop", issuer=issuer.url, subject="repo:acme/*:ref:refs/heads/main"
    )


@pytest.fixture
def token(account, identity, issuer):
    """`token(...)`: what CI shows: good, but for what is given."""

    def made(**given):
        return issuer.token(**{"sub": SUBJECT, "aud": str(account.external_id)} | given)

    return made


def asked(account, token):
    return exchange(actor=STRANGER, account=str(account.external_id), token=token)


def refused(account, token):
    with pytest.raises(Invalid) as refusal:
        asked(account, token)
    assert refusal.value.reasons == [REFUSED]


def test_a_good_token_gives_one_of_ours_for_an_hour(account, identity, token):
    given = asked(account, token())

    shown = access_tokens.authenticate(given)
    assert (shown.user, shown.subject, shown.identity_id) == (account, SUBJECT, identity.pk)
    claims = jwt.decode(given, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 3600
    assert jwt.get_unverified_header(given)["alg"] == "PS256"


def test_the_account_may_be_named_by_its_own_id(account, token):
    assert exchange(actor=STRANGER, account=account.wire_id, token=token())


def test_an_audience_of_its_own_is_compared_exactly(account, identity, token):
    OidcIdentity.objects.update(audience="https://deploy.example.com")

    assert asked(account, token(aud="https://deploy.example.com"))
    refused(account, token(aud="https://deploy.example.com/"))
    refused(account, token())


@pytest.mark.promise("S20")
def test_both_ends_of_an_exchange_are_audited(account, token):
    asked(account, token())
    refused(account, token(aud="else"))

    good, bad = Event.objects.filter(category__startswith="Login").order_by("pk")
    assert (good.category, good.user, good.identity) == (
        "LoginSucceeded",
        account,
        f"OIDC subject {SUBJECT}",
    )
    assert (bad.category, bad.user, bad.ip_address) == ("LoginFailed", None, "10.0.0.1")


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example.com"},
        {"sub": "repo:acme/shop:ref:refs/heads/other"},
        {"sub": "REPO:acme/shop:ref:refs/heads/main"},
        {"sub": ""},
        {"sub": None},
        {"sub": ["repo:acme/shop:ref:refs/heads/main"]},
        {"aud": "somebody else"},
        {"aud": ""},
        {"aud": ["a", "b"]},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"exp": "never"},
        {"exp": float("inf")},
        {"nbf": int(time.time()) + 3600},
        {"iat": int(time.time()) + 3600},
        {"iat": None},
    ],
    ids=lambda claims: f"{next(iter(claims))} {type(next(iter(claims.values()))).__name__}",
)
def test_a_claim_that_does_not_fit_is_refused(account, token, claims):
    refused(account, token(**claims))


def test_a_clock_may_differ_by_a_minute(account, token):
    now = int(time.time())

    assert asked(account, token(iat=now + 50, nbf=now + 50))
    assert asked(account, token(exp=now - 50))


def test_the_issuer_compares_exactly(account, identity, issuer, token):
    for other in (issuer.url + "/", issuer.url.upper(), issuer.url.replace("https", "http")):
        refused(account, token(iss=other))
    assert issuer.asked == []


def unsigned(token):
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    return f"{header}.{token.split('.')[1]}."


def test_a_token_that_nobody_signed_is_refused(account, token, issuer):
    for given in (unsigned(token()), unsigned(token()).replace("bm9uZS", "Tm9uZS")):
        refused(account, given)
    assert issuer.asked == []


def test_the_public_key_is_no_secret_to_sign_with(account, token, issuer):
    claims = issuer.claims(sub=SUBJECT, aud=str(account.external_id))
    for secret in (issuer.pem(), json.dumps(issuer.keys[0]).encode()):
        refused(account, _hmac(claims, secret))


@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 2048)], ids=["stranger"])
def test_a_strangers_signature_is_refused(account, token, issuer, key):
    refused(account, token(key=key))
    refused(account, token(key=ec.generate_private_key(ec.SECP256R1()), algorithm="ES256"))
    refused(account, token()[:-8] + "AAAAAAAA")


@pytest.mark.promise("S12")
@pytest.mark.parametrize("where", ["jku", "x5u"])
def test_a_token_does_not_say_where_its_key_is(account, token, issuer, where):
    stranger = rsa.generate_private_key(65537, 2048)
    headers = {where: f"{issuer.url}/elsewhere", "jwk": issuer.jwk("evil", stranger)}

    refused(account, token(key=stranger, headers=headers))

    assert set(issuer.asked) <= {DISCOVERY, "/keys"}


@pytest.mark.parametrize(
    "kid", ["../../etc/passwd", "' OR 1=1 --", "one\x00", "", "https://evil.example.com/key"]
)
def test_a_key_id_is_compared_and_nothing_else(account, token, kid):
    refused(account, token(headers={"kid": kid}))


def test_keys_that_do_not_sign_or_are_weak_are_refused(account, token, issuer):
    weak = rsa.generate_private_key(65537, 1024)
    issuer.keys = [
        issuer.jwk("enc") | {"use": "enc"},
        issuer.jwk("other") | {"alg": "ES256"},
        {"kid": "oct", "kty": "oct", "k": base64.urlsafe_b64encode(b"secret").decode()},
        issuer.jwk("weak", weak),
        {"kid": "broken", "kty": "RSA", "n": "!"},
    ]
    for kid in ("enc", "other", "oct", "broken"):
        refused(account, token(headers={"kid": kid}))
    refused(account, _weakly_signed(issuer, account, weak))


@pytest.mark.parametrize(
    "text",
    ["", "x", "a.b.c", "e30.e30.", "." * 3, "é.é.é", "eyJhbGciOiJSUzI1NiJ9.bm90IGpzb24.x", "x" * 20_000],
    ids=range(8),
)  # fmt: skip
def test_what_is_no_token_is_refused(account, issuer, text):
    refused(account, text)
    assert issuer.asked == []


def test_a_token_longer_than_any_honest_one_is_refused(account, token):
    refused(account, token(more="x" * issuers.LONGEST_TOKEN))


def test_a_token_that_asks_for_extensions_is_refused(account, token):
    refused(account, token(headers={"crit": ["b64"], "b64": True}))


@pytest.mark.promise("S12")
def test_an_issuer_that_nobody_configured_is_never_asked(account, issuer, token, identity):
    OidcIdentity.objects.update(issuer="https://token.ci.example.com")

    refused(account, token())

    assert issuer.asked == []


@pytest.mark.promise("S12")
def test_an_issuer_inside_our_network_is_not_asked(account, issuer, token, settings):
    settings.OUTBOUND_ALLOWED = []

    refused(account, token())

    assert issuer.asked == []


def test_an_issuer_that_calls_itself_otherwise_is_refused(account, issuer, token):
    issuer.document["issuer"] = "https://else.example.com"

    refused(account, token())


@pytest.mark.parametrize(
    "place", ["http://127.0.0.1/keys", "https://169.254.169.254/keys", "file:///etc/passwd", None]
)
def test_keys_come_from_a_safe_place(account, issuer, token, place):
    issuer.document["jwks_uri"] = place

    refused(account, token())


def test_an_issuer_is_asked_once_for_many_tokens(account, issuer, token):
    for _ in range(3):
        assert asked(account, token())

    assert issuer.asked == [DISCOVERY, "/keys"]


def test_a_new_key_is_found_but_not_looked_for_at_every_wish(account, issuer, token, monkeypatch):
    asked(account, token())
    newer = rsa.generate_private_key(65537, 2048)
    issuer.keys.append(issuer.jwk("two", newer))

    refused(account, token(key=newer, headers={"kid": "two"}))
    assert len(issuer.asked) == 2
    monkeypatch.setattr(issuers, "AGAIN_AFTER", 0)
    assert asked(account, token(key=newer, headers={"kid": "two"}))


def test_every_account_has_identities_of_its_own(account, token):
    refused(make_user(is_service=True), token())
    refused(make_user(), token())


@pytest.mark.promise("S4")
@pytest.mark.parametrize("end", ["disabled", "identity gone", "identity changed", "expired"])
def test_an_access_token_ends_with_what_it_rests_on(account, identity, token, end, monkeypatch):
    administrator = actor_for(make_administrator())
    if end == "expired":
        monkeypatch.setattr(access_tokens, "LIFE", -1)
    given = asked(account, token())
    match end:
        case "disabled":
            update_user(actor=administrator, user=account, is_active=False)
        case "identity gone":
            delete_oidc_identity(actor=administrator, identity=identity)
        case "identity changed":
            trust = Trust(identity.name, identity.issuer, "repo:acme/other")
            update_oidc_identity(actor=administrator, identity=identity, trust=trust)

    with pytest.raises(NotAuthenticated, match=r"^The access token is not valid"):
        access_tokens.authenticate(given)


def test_a_token_of_ci_is_not_one_of_ours(account, token):
    for text in (token(), unsigned(asked(account, token())), "a.b.c", ".."):
        with pytest.raises(NotAuthenticated):
            access_tokens.authenticate(text)


def test_signing_keys_change_and_old_ones_are_believed_for_a_while(account, token):
    given = asked(account, token())
    first = TokenKey.objects.get()
    TokenKey.objects.update(created_at=timezone.now() - timedelta(days=91))
    access_tokens._known_key.cache_clear()

    newer = asked(account, token())

    assert TokenKey.objects.count() == 2
    assert jwt.get_unverified_header(newer)["kid"] != first.kid
    assert {key["kid"] for key in access_tokens.public_keys()} >= {first.kid}
    assert access_tokens.authenticate(given)
    TokenKey.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(days=181))
    access_tokens._known_key.cache_clear()
    with pytest.raises(NotAuthenticated):
        access_tokens.authenticate(given)
    assert first.kid not in {key["kid"] for key in access_tokens.public_keys()}


@pytest.mark.promise("S3")
def test_the_database_does_not_hold_the_signing_key(account, token):
    asked(account, token())

    key = TokenKey.objects.get()
    assert key.private.startswith("v1.")
    assert set(key.public) == {"kty", "n", "e", "kid", "alg", "use"}


@pytest.mark.promise("P11")
def test_an_access_token_makes_no_keys(account, token):
    shown = access_tokens.authenticate(asked(account, token()))

    with pytest.raises(Conflict, match="makes no keys"):
        create_api_key(
            actor=Actor(user=shown.user, token=shown), user=User(pk=account.pk), purpose="mine"
        )


def _hmac(claims, secret):
    """Made by hand, because the library refuses to."""

    def text(content):
        return base64.urlsafe_b64encode(content).decode().rstrip("=")

    signed = ".".join(
        text(json.dumps(part).encode()) for part in ({"alg": "HS256", "kid": "one"}, claims)
    )
    return f"{signed}.{text(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def _weakly_signed(issuer, account, weak):
    claims = issuer.claims(sub=SUBJECT, aud=str(account.external_id))
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        return jwt.encode(claims, weak, "RS256", headers={"kid": "weak"})
