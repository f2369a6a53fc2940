"""google-auth with a key file that was made here: a token, storage with it, and each way to lose both."""

import json
from base64 import b64encode
from datetime import datetime, timedelta, timezone

import pytest
import requests
from cloud import BASE, CLOUD, PROJECT, Caller, client_of, note
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.api_core import exceptions
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2 import service_account


def fresh(credentials):
    """Gets the token that the credentials stand for."""
    credentials.refresh(Request())
    return note("token", credentials.token)


def test_a_key_file_gets_a_token_and_the_token_a_role(account, bucket, grant_on_project, tmp_path):
    (tmp_path / "key.json").write_text(json.dumps(account.key()))
    credentials = service_account.Credentials.from_service_account_file(str(tmp_path / "key.json"), scopes=CLOUD)
    client = client_of(credentials)
    with pytest.raises(exceptions.Forbidden, match="storage.objects.list"):
        list(client.bucket(bucket.name).list_blobs())
    note("token", credentials.token)
    grant_on_project("roles/storage.objectAdmin", account.member)
    client.bucket(bucket.name).blob("o").upload_from_string("content")
    assert client.bucket(bucket.name).blob("o").download_as_text() == "content"
    with pytest.raises(exceptions.Forbidden, match="storage.buckets.delete"):
        client.bucket(bucket.name).delete()


def test_f27_nobody_is_told_apart_from_nobody_allowed(bucket):
    answer = Caller()("GET", f"/storage/v1/b/{bucket.name}/o")
    assert answer.status_code == 401 and "Bearer" in answer.headers["WWW-Authenticate"], answer.text
    answer = Caller("nonsense-that-is-no-token")("GET", f"/storage/v1/b/{bucket.name}/o")
    assert answer.status_code == 401 and "invalid_token" in answer.headers["WWW-Authenticate"], answer.text


def test_a_role_on_the_bucket_alone(account, bucket):
    credentials = account.credentials()
    policy = bucket.get_iam_policy(requested_policy_version=3)
    policy.version = 3
    policy.bindings.append({"role": "roles/storage.objectViewer", "members": {account.member}})
    bucket.set_iam_policy(policy)
    bucket.blob("o").upload_from_string("content")
    mine = client_of(credentials).bucket(bucket.name)
    assert mine.blob("o").download_as_text() == "content"
    assert mine.test_iam_permissions(["storage.objects.get", "storage.objects.delete"]) == ["storage.objects.get"]
    with pytest.raises(exceptions.Forbidden):
        mine.blob("o").delete()
    with pytest.raises(exceptions.Forbidden):
        client_of(credentials).create_bucket(bucket.name + "-other")


def test_a_condition_holds_for_names_and_time(account, bucket, grant_on_project, later):
    prefix = f"projects/_/buckets/{bucket.name}/objects/open/"
    expression = f'resource.name.startsWith("{prefix}") && request.time < timestamp("2099-01-01T00:00:00Z")'
    grant_on_project("roles/storage.objectViewer", account.member, {"title": "open only", "expression": expression})
    for name in ("open/o", "shut/o"):
        bucket.blob(name).upload_from_string("content")
    mine = client_of(account.credentials()).bucket(bucket.name)
    assert mine.blob("open/o").download_as_text() == "content"
    with pytest.raises(exceptions.Forbidden):
        mine.blob("shut/o").download_as_text()


def test_a_disabled_key_gets_no_token_until_it_is_enabled(account, operator):
    file = account.key()
    key = f"{account.path}/keys/{file['private_key_id']}"
    fresh(account.credentials(file))
    operator.post(key + ":disable")
    with pytest.raises(RefreshError, match="invalid_grant"):
        fresh(account.credentials(file))
    operator.post(key + ":enable")
    fresh(account.credentials(file))


def test_a_deleted_key_gets_no_token(account, operator):
    file = account.key()
    key = f"{account.path}/keys/{file['private_key_id']}"
    assert operator("DELETE", key).status_code == 200
    with pytest.raises(RefreshError, match="invalid_grant"):
        fresh(account.credentials(file))
    assert operator("DELETE", key).status_code == 404


def test_f27_tokens_of_a_disabled_or_deleted_account_are_refused(account, operator, grant_on_project):
    grant_on_project("roles/storage.admin", account.member)
    file = account.key()
    caller = Caller(fresh(account.credentials(file)))
    listing = f"/storage/v1/b?project={PROJECT}"
    caller.get(listing)
    operator.post(account.path + ":disable")
    disabled = caller("GET", listing)
    assert disabled.status_code == 401, disabled.text
    with pytest.raises(RefreshError, match="invalid_grant"):
        fresh(account.credentials(file))
    operator.post(account.path + ":enable")
    caller.get(listing)
    assert operator("DELETE", account.path).status_code == 200
    deleted = caller("GET", listing)
    assert deleted.status_code == 401, deleted.text
    assert disabled.json()["error"]["message"] != deleted.json()["error"]["message"]


def test_a_self_signed_token_needs_its_key(account, operator, grant_on_project):
    grant_on_project("roles/storage.admin", account.member)
    file = account.key()
    credentials = account.credentials(file, always_use_jwt_access=True)
    credentials._create_self_signed_jwt("https://storage.googleapis.com/")
    caller = Caller(fresh(credentials))
    listing = f"/storage/v1/b?project={PROJECT}"
    caller.get(listing)
    operator.post(f"{account.path}/keys/{file['private_key_id']}:disable")
    assert caller("GET", listing).status_code == 401
    operator.post(f"{account.path}/keys/{file['private_key_id']}:enable")
    caller.get(listing)
    assert operator("DELETE", f"{account.path}/keys/{file['private_key_id']}").status_code == 200
    assert caller("GET", listing).status_code == 401


def test_a_token_ends(account, grant_on_project, later):
    grant_on_project("roles/storage.admin", account.member)
    caller = Caller(fresh(account.credentials()))
    listing = f"/storage/v1/b?project={PROJECT}"
    caller.get(listing)
    later(3700)
    answer = caller("GET", listing)
    assert answer.status_code == 401 and "expired" in answer.json()["error"]["message"], answer.text


def test_a_token_says_whose_it_is(account):
    token = fresh(account.credentials())
    info = requests.get(f"{BASE}/oauth2/v3/tokeninfo", params={"access_token": token}).json()
    assert info["email"] == account.email and int(info["expires_in"]) > 3000, info
    assert Caller(token).get("/oauth2/v3/userinfo")["email"] == account.email


def test_a_key_that_was_uploaded_signs_as_well(account, operator):
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "unused")])
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(own.public_key()).serial_number(7)
    certificate = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1)).sign(own, hashes.SHA256())
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    made = operator.post(account.path + "/keys:upload", {"publicKeyData": b64encode(pem).decode()})
    private = own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = account.key() | {"private_key": private.decode(), "private_key_id": made["name"].rsplit("/")[-1]}
    assert fresh(account.credentials(file))


def test_refresh_tokens_and_keys_of_the_operator(operator, bucket, grant_on_project):
    grant_on_project("roles/storage.admin", "user:rita@example.com")
    made = operator.post("/auth/tokens", {"user": "rita@example.com", "project": PROJECT, "scopes": ["openid", "email", *CLOUD]})
    note("token", made["access_token"]), note("refresh-token", made["refresh_token"])
    form = {"grant_type": "refresh_token", "refresh_token": made["refresh_token"], "client_id": "any", "client_secret": "any"}
    again = requests.post(f"{BASE}/token", data=form).json()
    assert Caller(note("token", again["access_token"])).get(f"/storage/v1/b/{bucket.name}")["name"] == bucket.name
    key = operator.post("/auth/api-keys", {"user": "rita@example.com", "project": PROJECT, "display_name": "hers"})
    headers = {"X-API-Key": note("api-key", key["key"])}
    assert Caller()("GET", f"/storage/v1/b/{bucket.name}", headers=headers).status_code == 200
    assert "key" not in operator.get(f"/auth/api-keys/{key['id']}")
    assert operator("DELETE", f"/auth/api-keys/{key['id']}").status_code == 200
    assert Caller()("GET", f"/storage/v1/b/{bucket.name}", headers=headers).status_code == 401
