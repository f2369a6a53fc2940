"""Tokens for other tokens: with a boundary, with fewer scopes, from another issuer; taken back; and why somebody may."""

import json
import time

import google.auth.jwt
import pytest
from cloud import BASE, PROJECT, Caller, note
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import crypt, downscoped, exceptions, identity_pool
from google.auth.transport.requests import Request

STS = f"{BASE}/v1/token"
ISSUER = "https://issuer.example"


@pytest.fixture
def objects(bucket):
    for name in ["open/a", "closed/a"]:
        bucket.blob(name).upload_from_string(name)
    return lambda name: f"/storage/v1/b/{bucket.name}/o/{name.replace('/', '%2F')}"


def test_a_downscoped_token_has_what_its_boundary_leaves(storage_admin, bucket, objects, monkeypatch):
    monkeypatch.setattr(downscoped, "_STS_TOKEN_URL_PATTERN", STS)
    name = f"projects/_/buckets/{bucket.name}"
    rule = downscoped.AccessBoundaryRule(
        available_resource=f"//storage.googleapis.com/{name}",
        available_permissions=["inRole:roles/storage.objectViewer"],
        availability_condition=downscoped.AvailabilityCondition(f"resource.name.startsWith('{name}/objects/open/')"),
    )
    source = storage_admin.credentials(storage_admin.file)
    source.refresh(Request())
    narrow = downscoped.Credentials(source, downscoped.CredentialAccessBoundary(rules=[rule]))
    narrow.refresh(Request())
    wide, narrow = Caller(note("token", source.token)), Caller(note("token", narrow.token))
    assert narrow("GET", objects("open/a")).status_code == 200
    assert narrow("GET", objects("closed/a")).status_code == 403
    assert narrow("DELETE", objects("open/a")).status_code == 403
    assert narrow("GET", f"/v1/projects/{PROJECT}/serviceAccounts").json().get("accounts", []) == []
    assert wide("GET", objects("closed/a")).status_code == 200


def test_scopes_take_rights_away(operator, grant_on_project, objects):
    grant_on_project("roles/storage.admin", "user:scoped@example.com")
    scopes = ["https://www.googleapis.com/auth/devstorage.read_only"]
    made = operator.post("/auth/tokens", {"user": "scoped@example.com", "scopes": scopes})
    note("refresh-token", made["refresh_token"])
    reader = Caller(note("token", made["access_token"]))
    assert reader("GET", objects("open/a")).status_code == 200
    assert reader("DELETE", objects("open/a")).status_code == 403


def test_f27_a_token_that_was_taken_back_opens_nothing(operator, as_user):
    caller = as_user("left@example.com")
    assert caller.get("/oauth2/v3/userinfo")["email"] == "left@example.com"
    assert Caller()("POST", "/revoke", data={"token": caller.token}).status_code == 200
    answer = caller("GET", "/oauth2/v3/userinfo")
    assert answer.status_code == 401 and "revoked" in answer.json()["error"]["message"]
    assert Caller()("POST", "/revoke", data={"token": caller.token}).json()["error"] == "invalid_token"


class Issuer:
    """An identity provider with a key of its own."""

    def __init__(self):
        self.key = rsa.generate_private_key(65537, 2048)
        pem = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.signer = crypt.RSASigner.from_string(pem, key_id="k")

    def jwks(self):
        numbers = self.key.public_key().public_numbers()
        text = lambda number: google.auth._helpers.unpadded_urlsafe_b64encode(
            number.to_bytes((number.bit_length() + 7) // 8, "big")
        ).decode()
        return json.dumps({"keys": [{"kty": "RSA", "kid": "k", "n": text(numbers.n), "e": text(numbers.e)}]})

    def token(self, **claims):
        now = int(time.time())
        base = {"iss": ISSUER, "sub": "repo:ann/shop", "branch": "main", "iat": now, "exp": now + 600}
        return google.auth.jwt.encode(self.signer, base | claims).decode()


@pytest.fixture(scope="module")
def provider(operator):
    """A pool that takes the word of an issuer: the issuer, and the provider's name."""
    issuer, path = Issuer(), f"/v1/projects/{PROJECT}/locations/global/workloadIdentityPools"
    operator.done(operator("POST", f"{path}?workloadIdentityPoolId=builds", {}))
    config = {
        "attributeMapping": {"google.subject": "assertion.sub", "attribute.branch": "assertion.branch"},
        "attributeCondition": "assertion.sub.startsWith('repo:ann/')",
        "oidc": {"issuerUri": ISSUER, "jwksJson": issuer.jwks()},
    }
    operator.done(operator("POST", f"{path}/builds/providers?workloadIdentityPoolProviderId=here", config))
    return issuer, operator.get(f"{path}/builds/providers/here")["name"]


def federated(token, name, account, folder):
    file = folder / "subject"
    file.write_text(token)
    return identity_pool.Credentials(
        audience=f"//iam.googleapis.com/{name}",
        subject_token_type="urn:ietf:params:oauth:token-type:jwt",
        token_url=STS,
        credential_source={"file": str(file)},
        service_account_impersonation_url=f"{BASE}/v1/projects/-/serviceAccounts/{account.email}:generateAccessToken",
        scopes=["https://www.googleapis.com/auth/cloud-platform"],
    )


def test_another_issuers_word_becomes_an_account(provider, account, tmp_path):
    issuer, name = provider
    pool = name.rsplit("/providers/", 1)[0]
    audience = f"https://iam.googleapis.com/{name}"
    with pytest.raises(exceptions.RefreshError):
        federated(issuer.token(aud=audience), name, account, tmp_path).refresh(Request())
    branch = f"principalSet://iam.googleapis.com/{pool}/attribute.branch"
    account.grant("roles/iam.workloadIdentityUser", f"{branch}/main")
    credentials = federated(issuer.token(aud=audience), name, account, tmp_path)
    credentials.refresh(Request())
    assert Caller(note("token", credentials.token)).get("/oauth2/v3/userinfo")["email"] == account.email
    # Who may not be the account is told so by IAM, who is nobody here by STS.
    with pytest.raises(exceptions.RefreshError):
        federated(issuer.token(aud=audience, branch="other"), name, account, tmp_path).refresh(Request())
    for claims in [{"sub": "repo:bob/shop"}, {"aud": "https://other.example"}, {"iss": "https://x"}]:
        with pytest.raises(exceptions.OAuthError):
            federated(issuer.token(**{"aud": audience} | claims), name, account, tmp_path).refresh(Request())
    with pytest.raises(exceptions.OAuthError):
        federated(Issuer().token(aud=audience), name, account, tmp_path).refresh(Request())


def test_it_is_told_why_somebody_may(operator, account, bucket, grant_on_project):
    grant_on_project("roles/storage.objectViewer", account.member)
    resource = f"//storage.googleapis.com/projects/_/buckets/{bucket.name}"
    asked = {"principal": account.email, "permission": "storage.objects.get", "fullResourceName": resource}
    answer = operator.post("/v1/iam:troubleshoot", {"accessTuple": asked})
    assert answer["access"] == "GRANTED"
    levels = {level["fullResourceName"]: level for level in answer["explainedPolicies"]}
    assert levels[resource]["access"] == "NOT_GRANTED"
    project = levels[f"//cloudresourcemanager.googleapis.com/projects/{PROJECT}"]
    granting = [binding for binding in project["bindingExplanations"] if binding["access"] == "GRANTED"]
    assert granting[0]["role"] == "roles/storage.objectViewer"
    assert granting[0]["memberships"][account.member]["membership"] == "MEMBERSHIP_INCLUDED"
    asked["permission"] = "storage.objects.delete"
    assert operator.post("/v1/iam:troubleshoot", {"accessTuple": asked})["access"] == "NOT_GRANTED"
