"""The exchange and its identities over HTTP. api-dialect.md 2, domain.md 3.4."""

from urllib.parse import urlencode

import pytest

from spaces import issuers
from spaces.models import Event, OidcIdentity
from tests.factories.issuers import serving
from tests.factories.spaces import grant, make_administrator, make_user

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
FORM = "application/x-www-form-urlencoded"
JWT = "urn:ietf:params:oauth:token-type:jwt"
TRUST = {"Name": "Shop", "Issuer": "https://ci.example.com", "Subject": "repo:acme/shop:*"}


@pytest.fixture
def account(db):
    return make_user(username="ci", is_service=True)


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
def asked(account, issuer):
    """What CI sends, with a good token."""
    OidcIdentity.objects.create(
        user=account, name="Shop", issuer=issuer.url, subject="repo:acme/shop:*"
    )
    audience = str(account.external_id)
    token = issuer.token(sub="repo:acme/shop:main", aud=audience)
    return {
        "grant_type": GRANT,
        "audience": audience,
        "subject_token_type": JWT,
        "subject_token": token,
    }


@pytest.mark.parametrize("prefix", ["", "/"])
def test_anybody_learns_where_tokens_are_exchanged(api, settings, prefix):
    settings.PUBLIC_URL = "https://deploy.example.com"

    path = f"{prefix}/.well-known/openid-configuration"
    found = api().get("/", PATH_INFO=path).json()

    assert found["issuer"] == "https://deploy.example.com"
    assert found["token_endpoint"] == "https://deploy.example.com/token/v1"
    assert found["jwks_uri"] == "https://deploy.example.com/.well-known/jwks"


@pytest.mark.parametrize("form", [False, True])
def test_a_token_of_ci_opens_the_api(api, asked, account, space, form):
    grant(account, "projectviewer", space)
    client = api()
    body, kind = (urlencode(asked), FORM) if form else (asked, "application/json")
    answer = client.post("/token/v1", body, content_type=kind)

    assert answer.status_code == 200
    given = answer.json()
    assert given["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 3600)
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    assert client.get("/api/users/me", headers=headers).json()["Username"] == "ci"
    assert client.get(f"/api/{space.wire_id}", headers=headers).status_code == 200
    kid = {key["kid"] for key in client.get("/.well-known/jwks").json()["keys"]}
    assert len(kid) == 1


def test_what_a_machine_does_is_audited_as_its_subject(api, asked, account):
    token = api().send("POST", "/token/v1", asked).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}

    body = {"DisplayName": "CI of Acme"}
    api().put(
        f"/api/users/{account.wire_id}", body, content_type="application/json", headers=headers
    )

    event = Event.objects.get(category="Modified")
    assert (event.user, event.identity) == (account, "OIDC subject repo:acme/shop:main")


@pytest.mark.parametrize(
    "given",
    [
        {"grant_type": "client_credentials"},
        {"grant_type": None},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"},
        {"audience": None},
        {"audience": "00000000-0000-0000-0000-000000000000"},
        {"audience": "Users-999999"},
        {"audience": "x" * 1000},
        {"subject_token": "x"},
        {"subject_token": None},
        {"subject_token": ["a", "b"]},
        {"subject_token": "x" * 40_000},
    ],
    ids=str,
)
def test_whatever_is_wrong_the_answer_is_400_and_names_no_claim(api, asked, given):
    body = {name: value for name, value in (asked | given).items() if value is not None}

    answer = api().send("POST", "/token/v1", body)

    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.json()["error"] == "invalid_request"
    assert not {"sub", "aud", "iss", "exp"} & set(answer.json()["error_description"].split())


@pytest.mark.parametrize(
    ("body", "kind"),
    [("{", "application/json"), ("[]", "application/json"), ("<a/>", "text/xml"), ("", "text/plain")],
)  # fmt: skip
def test_a_body_that_is_none_is_400_too(api, db, body, kind):
    answer = api().post("/token/v1", body, content_type=kind)

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"


def test_identities_are_kept_below_their_account(api, account, settings):
    settings.PUBLIC_URL = "https://deploy.example.com"
    client = api(make_administrator())
    base = f"/api/serviceaccounts/{account.wire_id}/oidcidentities"

    made = client.send("POST", f"{base}/create/v1", TRUST)
    assert made.status_code == 201
    address = f"{base}/{made.json()['Id']}/v1"
    assert client.get(address).json() == TRUST | {
        "Id": made.json()["Id"],
        "ServiceAccountId": account.wire_id,
        "Audience": "",
    }
    changed = TRUST | {"Audience": "api://shop"}
    assert client.send("PUT", address, changed).json() == {}
    page = client.get(f"{base}/v1?skip=0&take=10").json()
    assert (page["Count"], page["ServerUrl"]) == (1, "https://deploy.example.com")
    assert page["ExternalId"] == str(account.external_id)
    assert page["OidcIdentities"][0]["Audience"] == "api://shop"
    assert client.delete(address).status_code == 200
    assert client.get(address).status_code == 404


def test_the_list_takes_the_same_queries_for_any_number(api, account, django_assert_num_queries):
    for number in range(3):
        OidcIdentity.objects.create(
            user=account, name=f"{number}", issuer="https://ci.example.com", subject="a"
        )
    client = api(make_administrator())
    base = f"/api/serviceaccounts/{account.wire_id}/oidcidentities/v1"
    client.get(base)

    with django_assert_num_queries(4):
        assert len(client.get(base).json()["OidcIdentities"]) == 3


def test_of_other_accounts_and_of_people_there_is_nothing(api, account):
    other = make_user(is_service=True)
    identity = OidcIdentity.objects.create(
        user=other, name="Shop", issuer="https://ci.example.com", subject="a"
    )
    client = api(make_administrator())
    base = f"/api/serviceaccounts/{account.wire_id}/oidcidentities"

    assert client.get(f"{base}/{identity.wire_id}/v1").status_code == 404
    assert client.get(f"{base}/nonsense/v1").status_code == 404
    person = make_user()
    assert client.get(f"/api/serviceaccounts/{person.wire_id}/oidcidentities/v1").status_code == 404
    assert api(person).get(f"{base}/v1").status_code == 403
