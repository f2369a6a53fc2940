"""Forms that upload by a signed policy, and HMAC keys: an S3 client, and signatures by hand."""

import datetime
import hashlib
import hmac
from urllib.parse import quote

import boto3
import pytest
import requests
from botocore.client import Config
from botocore.exceptions import ClientError
from cloud import BASE, client_of, note

MINUTES = datetime.timedelta(minutes=10)


@pytest.fixture
def policy(storage_admin, bucket):
    client = client_of(storage_admin.credentials(storage_admin.file))

    def of(name="o", **more):
        made = client.generate_signed_post_policy_v4(bucket.name, name, **{"expiration": MINUTES} | more)
        return f"{BASE}/{bucket.name}/", made["fields"]

    return of


def post(form, content=b"content", **changes):
    url, fields = form
    fields = {name: value for name, value in (fields | changes).items() if value is not None}
    return requests.post(url, data=fields, files={"file": ("file.txt", content, "text/plain")})


def test_a_form_uploads(policy, bucket):
    form = policy(conditions=[["content-length-range", 1, 20]], fields={"content-type": "text/x", "x-goog-meta-colour": "blue", "success_action_status": "201"})
    answer = post(form)
    assert answer.status_code == 201, answer.text
    assert f"<Bucket>{bucket.name}</Bucket>" in answer.text and "<Key>o</Key>" in answer.text
    blob = bucket.get_blob("o")
    assert (blob.download_as_bytes(), blob.content_type, blob.metadata) == (b"content", "text/x", {"colour": "blue"})


def test_a_form_for_names_that_begin_so(policy, bucket):
    form = policy("up/${filename}", conditions=[["starts-with", "$key", "up/"]])
    assert post(form).status_code == 204
    assert bucket.get_blob("up/file.txt").download_as_bytes() == b"content"


@pytest.mark.parametrize("change", [
    {"key": "other"},
    {"content-type": "text/y"},
    {"x-goog-meta-colour": "red"},
    {"x-goog-meta-more": "more"},
    {"acl": "public-read"},
    {"x-goog-signature": "00" * 256},
    {"policy": None},
    {"x-goog-date": "20200101T000000Z"},
    {"x-goog-credential": "nobody@demo-project.iam.gserviceaccount.com/20200101/auto/storage/goog4_request"},
], ids=lambda change: next(iter(change)))
def test_a_form_with_something_else_is_refused(policy, bucket, change):
    form = policy(conditions=[["content-length-range", 1, 20]], fields={"content-type": "text/x", "x-goog-meta-colour": "blue"})
    answer = post(form, **change)
    assert 400 <= answer.status_code < 500, answer.text
    assert "<Error>" in answer.text
    assert bucket.get_blob("o") is None and bucket.get_blob("other") is None
    assert post(form).status_code == 204


@pytest.mark.parametrize("content", [b"", b"x" * 21])
def test_a_form_with_too_little_or_too_much_is_refused(policy, bucket, content):
    answer = post(policy(conditions=[["content-length-range", 1, 20]]), content)
    assert answer.status_code == 400, answer.text
    assert "EntityTooLarge" in answer.text or "EntityTooSmall" in answer.text, answer.text
    assert bucket.get_blob("o") is None


def test_a_form_that_is_over_or_for_another_bucket_is_refused(policy, bucket, later, storage_admin):
    url, fields = policy()
    other = client_of(storage_admin.credentials(storage_admin.file)).create_bucket(bucket.name + "-other")
    assert 400 <= post((f"{BASE}/{other.name}/", fields)).status_code < 500
    later(601)
    assert 400 <= post((url, fields)).status_code < 500
    assert bucket.get_blob("o") is None and other.get_blob("o") is None


def test_a_form_of_somebody_who_may_not_is_refused(policy, new_account, bucket):
    answer = post(policy(credentials=new_account().credentials()))
    assert answer.status_code == 403, answer.text


# === HMAC keys ===


@pytest.fixture
def hmac_key(storage_admin):
    key, secret = client_of(storage_admin.credentials(storage_admin.file)).create_hmac_key(storage_admin.email)
    return key, note("hmac", secret)


def s3(access_id, secret, version="s3v4"):
    # Checksums in trailers are S3's own.
    settings = {"request_checksum_calculation": "when_required", "response_checksum_validation": "when_required"}
    config = Config(signature_version=version, s3={"addressing_style": "path"}, retries={"max_attempts": 1}, **settings)
    return boto3.client(
        "s3", endpoint_url=BASE, region_name="auto", aws_access_key_id=access_id, aws_secret_access_key=secret, config=config
    )


def test_an_s3_client(hmac_key, bucket):
    key, secret = hmac_key
    client = s3(key.access_id, secret)
    client.put_object(Bucket=bucket.name, Key="a b/ü", Body=b"content", ContentType="text/x", Metadata={"colour": "blue"})
    got = client.get_object(Bucket=bucket.name, Key="a b/ü")
    assert (got["Body"].read(), got["ContentType"]) == (b"content", "text/x")
    assert client.head_object(Bucket=bucket.name, Key="a b/ü")["ContentLength"] == 7
    assert [found["Key"] for found in client.list_objects_v2(Bucket=bucket.name)["Contents"]] == ["a b/ü"]
    assert bucket.name in [found["Name"] for found in client.list_buckets()["Buckets"]]
    url = client.generate_presigned_url("get_object", Params={"Bucket": bucket.name, "Key": "a b/ü"}, ExpiresIn=60)
    assert requests.get(url).content == b"content"
    assert requests.get(url.replace("a%20b", "a%20c")).status_code == 403
    client.delete_object(Bucket=bucket.name, Key="a b/ü")
    assert bucket.get_blob("a b/ü") is None


def test_an_s3_client_in_parts(hmac_key, bucket):
    key, secret = hmac_key
    client = s3(key.access_id, secret)
    begun = client.create_multipart_upload(Bucket=bucket.name, Key="parts")
    parts = []
    for number, content in enumerate([b"a" * (5 << 20), b"b"], 1):
        part = client.upload_part(Bucket=bucket.name, Key="parts", UploadId=begun["UploadId"], PartNumber=number, Body=content)
        parts.append({"ETag": part["ETag"], "PartNumber": number})
    client.complete_multipart_upload(Bucket=bucket.name, Key="parts", UploadId=begun["UploadId"], MultipartUpload={"Parts": parts})
    assert bucket.get_blob("parts").size == (5 << 20) + 1


def test_an_s3_client_of_the_second_version(hmac_key, bucket):
    key, secret = hmac_key
    client = s3(key.access_id, secret, version="s3")
    bucket.blob("o").upload_from_string("content")
    assert client.get_object(Bucket=bucket.name, Key="o")["Body"].read() == b"content"


def code_of(call):
    with pytest.raises(ClientError) as refused:
        call()
    return refused.value.response["Error"]["Code"], refused.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_wrong_secrets_and_inactive_keys_are_refused(hmac_key, bucket):
    key, secret = hmac_key

    def read(access_id, secret):
        return lambda: s3(access_id, secret).list_objects_v2(Bucket=bucket.name)

    read(key.access_id, secret)()
    assert code_of(read(key.access_id, "x" * 40)) == ("SignatureDoesNotMatch", 403)
    assert code_of(read("GOOG1E" + "A" * 55, secret))[1] == 403
    key.state = "INACTIVE"
    key.update()
    assert code_of(read(key.access_id, secret))[1] == 403
    key.state = "ACTIVE"
    key.update()
    read(key.access_id, secret)()
    key.state = "INACTIVE"
    key.update()
    key.delete()
    assert code_of(read(key.access_id, secret))[1] == 403


def test_keys_of_somebody_who_may_not_are_refused(new_account, storage_admin, bucket):
    other = new_account()
    key, secret = client_of(storage_admin.credentials(storage_admin.file)).create_hmac_key(other.email)
    note("hmac", secret)
    assert code_of(lambda: s3(key.access_id, secret).list_objects_v2(Bucket=bucket.name)) == ("AccessDenied", 403)


def signed_by_hand(access_id, secret, method, path, body=b"", when=None, claimed=None):
    """A request that is signed with GOOG4-HMAC-SHA256 in its Authorization header."""
    when = when or datetime.datetime.now(datetime.timezone.utc)
    date, stamp = when.strftime("%Y%m%d"), when.strftime("%Y%m%dT%H%M%SZ")
    host = BASE.split("//")[1]
    content = claimed or hashlib.sha256(body).hexdigest()
    headers = {"host": host, "x-goog-content-sha256": content, "x-goog-date": stamp}
    names = ";".join(headers)
    canonical = "\n".join([method, quote(path), "", *[f"{name}:{value}" for name, value in headers.items()], "", names, content])
    scope = f"{date}/auto/storage/goog4_request"
    text = "\n".join(["GOOG4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"GOOG4{secret}".encode()
    for step in (date, "auto", "storage", "goog4_request"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    authorization = f"GOOG4-HMAC-SHA256 Credential={access_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return requests.request(method, BASE + quote(path), data=body, headers=headers | {"Authorization": authorization})


def test_signed_headers_by_hand(hmac_key, bucket):
    key, secret = hmac_key
    path = f"/{bucket.name}/o"
    assert signed_by_hand(key.access_id, secret, "PUT", path, b"content").status_code == 200
    assert signed_by_hand(key.access_id, secret, "GET", path).content == b"content"
    unsigned = signed_by_hand(key.access_id, secret, "PUT", path, b"other", claimed="UNSIGNED-PAYLOAD")
    assert unsigned.status_code == 200, unsigned.text
    other = signed_by_hand(key.access_id, secret, "PUT", path, b"evil", claimed=hashlib.sha256(b"good").hexdigest())
    assert 400 <= other.status_code < 500, other.text
    long_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    answer = signed_by_hand(key.access_id, secret, "GET", path, when=long_ago)
    assert answer.status_code == 403 and "RequestTimeTooSkewed" in answer.text, answer.text
    assert bucket.blob("o").download_as_bytes() == b"other"
