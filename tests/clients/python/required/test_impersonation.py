"""Being another account: impersonated credentials, ID tokens, and signatures without a key file."""

import datetime
import time

import pytest
import requests
from cloud import BASE, CLOUD, client_of, note
from google.auth import exceptions, impersonated_credentials, jwt
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import id_token, service_account

TOKEN_CREATOR = "roles/iam.serviceAccountTokenCreator"
MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def iam_credentials_are_here(monkeypatch):
    """The libraries have the address of the IAM Credentials API built in: what goes there comes here."""
    send = requests.adapters.HTTPAdapter.send

    def here(adapter, request, **more):
        request.url = request.url.replace("https://iamcredentials.googleapis.com/", BASE + "/")
        return send(adapter, request, **more | {"proxies": {}})

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", here)


def impersonate(source, target, **more):
    return impersonated_credentials.Credentials(
        source_credentials=source, target_principal=target, target_scopes=CLOUD, **more
    )


def test_impersonating_needs_the_role_on_the_account(new_account, storage_admin, bucket):
    caller = new_account()
    credentials = impersonate(caller.credentials(), storage_admin.email, lifetime=600)
    with pytest.raises(exceptions.RefreshError, match="iam.serviceAccounts.getAccessToken"):
        credentials.refresh(Request())
    storage_admin.grant(TOKEN_CREATOR, caller.member)
    credentials.refresh(Request())
    note("token", credentials.token)
    client_of(credentials).bucket(bucket.name).blob("o").upload_from_string("content")
    assert bucket.blob("o").download_as_text() == "content"


def test_delegates_form_a_chain(new_account):
    first, second, third = new_account(), new_account(), new_account()
    credentials = impersonate(first.credentials(), third.email, delegates=[second.email])
    second.grant(TOKEN_CREATOR, first.member)
    with pytest.raises(exceptions.RefreshError):
        credentials.refresh(Request())
    third.grant(TOKEN_CREATOR, second.member)
    credentials.refresh(Request())
    note("token", credentials.token)


def test_urls_signed_without_a_key_file(new_account, storage_admin, bucket):
    caller = new_account()
    storage_admin.grant(TOKEN_CREATOR, caller.member)
    bucket.blob("o").upload_from_string("content")
    blob = client_of(caller.credentials()).bucket(bucket.name).blob("o")
    impersonated = impersonate(caller.credentials(), storage_admin.email)
    impersonated.refresh(Request())
    note("token", impersonated.token)
    for version in ("v2", "v4"):
        url = blob.generate_signed_url(expiration=MINUTE, version=version, api_access_endpoint=BASE, credentials=impersonated)
        assert requests.get(url).text == "content", version
        assert requests.get(url.replace("/o?", "/p?")).status_code == 403


def test_urls_signed_with_an_access_token(new_account, storage_admin, bucket):
    caller = new_account()
    bucket.blob("o").upload_from_string("content")
    credentials = caller.credentials()
    credentials.refresh(Request())
    note("token", credentials.token)
    blob = client_of(credentials).bucket(bucket.name).blob("o")
    wanted = {"version": "v4", "expiration": MINUTE, "api_access_endpoint": BASE}
    wanted |= {"service_account_email": storage_admin.email, "access_token": credentials.token}
    with pytest.raises(exceptions.TransportError, match="iam.serviceAccounts.signBlob"):
        blob.generate_signed_url(**wanted)
    storage_admin.grant(TOKEN_CREATOR, caller.member)
    assert requests.get(blob.generate_signed_url(**wanted)).text == "content"


def test_id_tokens_verify_against_the_certificates_that_are_served(account):
    credentials = service_account.IDTokenCredentials.from_service_account_info(account.key(), target_audience="https://run.example")
    credentials.refresh(Request())
    token = note("token", credentials.token)
    for certificates in ("/oauth2/v1/certs", "/oauth2/v3/certs"):
        claims = id_token.verify_token(token, Request(), audience="https://run.example", certs_url=BASE + certificates)
        assert (claims["email"], claims["sub"]) == (account.email, account.unique_id)
    with pytest.raises(ValueError, match="audience"):
        id_token.verify_token(token, Request(), audience="https://other.example", certs_url=BASE + "/oauth2/v1/certs")
    head, body, signature = token.split(".")
    with pytest.raises(ValueError):
        id_token.verify_token(f"{head}.{body}.{signature[:-4]}AAAA", Request(), certs_url=BASE + "/oauth2/v1/certs")


def test_id_tokens_of_another_account(new_account):
    caller, target = new_account(), new_account()
    target.grant("roles/iam.serviceAccountOpenIdTokenCreator", caller.member)
    target.grant(TOKEN_CREATOR, caller.member)
    source = impersonate(caller.credentials(), target.email)
    wanted = impersonated_credentials.IDTokenCredentials(source, target_audience="https://run.example", include_email=True)
    wanted.refresh(Request())
    claims = id_token.verify_token(note("token", wanted.token), Request(), audience="https://run.example", certs_url=BASE + "/oauth2/v1/certs")
    assert claims["email"] == target.email


def test_lifetimes_have_a_limit(new_account, later):
    caller, target = new_account(), new_account()
    target.grant(TOKEN_CREATOR, caller.member)
    session = AuthorizedSession(caller.credentials())
    url = f"{BASE}/v1/projects/-/serviceAccounts/{target.email}:generateAccessToken"
    made = session.post(url, json={"scope": CLOUD, "lifetime": "60s"})
    assert made.status_code == 200, made.text
    token = note("token", made.json()["accessToken"])
    assert session.post(url, json={"scope": CLOUD, "lifetime": "43201s"}).status_code == 400
    assert session.post(url, json={"scope": []}).status_code == 400
    info = f"{BASE}/oauth2/v3/tokeninfo"
    assert requests.get(info, params={"access_token": token}).status_code == 200
    later(120)
    assert requests.get(info, params={"access_token": token}).status_code in (400, 401)


def test_a_jwt_that_was_signed_here_verifies(new_account):
    caller, target = new_account(), new_account()
    target.grant(TOKEN_CREATOR, caller.member)
    session = AuthorizedSession(caller.credentials())
    payload = '{"iss": "%s", "aud": "https://x.example", "iat": %d, "exp": %d}' % (target.email, time.time(), time.time() + 600)
    made = session.post(f"{BASE}/v1/projects/-/serviceAccounts/{target.email}:signJwt", json={"payload": payload})
    assert made.status_code == 200, made.text
    certificates = requests.get(f"{BASE}/robot/v1/metadata/x509/{target.email}").json()
    assert made.json()["keyId"] in certificates
    assert jwt.decode(made.json()["signedJwt"], certs=certificates, audience="https://x.example")["iss"] == target.email
