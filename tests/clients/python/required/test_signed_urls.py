"""Signed URLs by google-cloud-storage with a key file: good ones work without any credential, and no single change of one does."""

import base64
import datetime
import re
from urllib.parse import quote

import pytest
import requests
from cloud import BASE, client_of

MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture
def sign(storage_admin, bucket):
    """`sign("name", ...)` gives a URL of an object of the bucket, signed with the key file."""
    client = client_of(storage_admin.credentials(storage_admin.file))

    def of(name="o", **more):
        more = {"version": "v4", "expiration": 10 * MINUTE, "api_access_endpoint": BASE} | more
        return client.bucket(bucket.name).blob(name).generate_signed_url(**more)

    return of


@pytest.fixture(autouse=True)
def content(bucket):
    bucket.blob("o").upload_from_string("content", content_type="text/plain")


def refused(answer, code="SignatureDoesNotMatch"):
    assert answer.status_code == 403, f"{answer.status_code} {answer.text}"
    assert f"<Code>{code}</Code>" in answer.text, answer.text


@pytest.mark.parametrize("version", ["v2", "v4"])
@pytest.mark.parametrize("name", ["o", "a b", "ü/世界", "100%", "a+b&c=d?e#f", "~x!*'()"])
def test_reading_and_writing(sign, bucket, version, name):
    assert requests.put(sign(name, method="PUT", version=version), data=b"written").status_code == 200
    answer = requests.get(sign(name, version=version))
    assert (answer.status_code, answer.content) == (200, b"written"), answer.text
    assert requests.head(sign(name, method="HEAD", version=version)).status_code == 200
    assert requests.delete(sign(name, method="DELETE", version=version)).status_code == 204
    assert bucket.get_blob(name) is None


@pytest.mark.parametrize("version", ["v2", "v4"])
def test_headers_and_types_are_part_of_it(sign, bucket, version):
    headers = {"x-goog-meta-colour": "blue"}
    url = sign("typed", method="PUT", version=version, content_type="text/x", headers=headers)
    if version == "v4":
        headers["Content-Type"] = "text/x"
        url = sign("typed", method="PUT", headers=headers)
    good = headers | {"Content-Type": "text/x"}
    refused(requests.put(url, data=b"x", headers=good | {"Content-Type": "text/y"}))
    refused(requests.put(url, data=b"x", headers=good | {"x-goog-meta-colour": "red"}))
    refused(requests.put(url, data=b"x", headers={"Content-Type": "text/x"}), "MalformedSecurityHeader" if version == "v4" else "SignatureDoesNotMatch")
    assert requests.put(url, data=b"x", headers=good).status_code == 200
    blob = bucket.get_blob("typed")
    assert (blob.content_type, blob.metadata) == ("text/x", {"colour": "blue"})


@pytest.mark.parametrize("version", ["v2", "v4"])
def test_what_the_answer_says_of_itself(sign, version):
    answer = requests.get(sign(version=version, response_disposition='attachment; filename="a b.txt"', response_type="text/html"))
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a b.txt"'
    assert answer.headers["Content-Type"] == "text/html"


def test_generations_and_other_parameters(sign, bucket):
    bucket.versioning_enabled = True
    bucket.patch()
    first = bucket.get_blob("o").generation
    bucket.blob("o").upload_from_string("other")
    assert requests.get(sign(generation=first)).text == "content"
    assert requests.get(sign(query_parameters={"generation": str(first), "a": "b c"})).text == "content"
    assert requests.get(sign()).text == "other"


def parameter(url, name, value):
    changed = re.sub(rf"([?&]{name}=)[^&]*", lambda found: found[1] + value, url, flags=re.IGNORECASE)
    assert changed != url
    return changed


def value_of(url, name):
    return re.search(rf"[?&]{name}=([^&]*)", url, re.IGNORECASE)[1]


# What is changed in a URL for GET of `o` with version 4, and what the refusal is called.
V4_CHANGES = {
    "method": lambda url: requests.put(url, data=b"x"),
    "delete": lambda url: requests.delete(url),
    "path": lambda url: requests.get(url.replace("/o?", "/p?")),
    "longer path": lambda url: requests.get(url.replace("/o?", "/o/?")),
    "more query": lambda url: requests.get(url + "&generation=1"),
    "other query": lambda url: requests.get(parameter(url, "response-content-type", "text%2Fy")),
    "less query": lambda url: requests.get(url.replace("&response-content-type=text%2Fx", "")),
    "expiry": lambda url: requests.get(parameter(url, "X-Goog-Expires", "601")),
    "signed headers": lambda url: requests.get(parameter(url, "X-Goog-SignedHeaders", "host%3Bx-goog-meta-a"), headers={"x-goog-meta-a": "b"}),
    "header": lambda url: requests.get(url, headers={"Host": "localhost:" + BASE.rsplit(":")[-1]}),
    "unsigned header": lambda url: requests.get(url, headers={"x-goog-user-project": "other"}),
    "signature": lambda url: requests.get(parameter(url, "X-Goog-Signature", flip(value_of(url, "X-Goog-Signature")))),
    "shorter signature": lambda url: requests.get(url[:-2]),
    "no signature": lambda url: requests.get(parameter(url, "X-Goog-Signature", "")),
}


def flip(hexadecimal):
    return hexadecimal[:-1] + ("0" if hexadecimal[-1] != "0" else "1")


@pytest.mark.parametrize("change", V4_CHANGES)
def test_no_change_of_a_v4_url_works(sign, change):
    url = sign(response_type="text/x")
    assert requests.get(url).status_code == 200
    answer = V4_CHANGES[change](url)
    assert answer.status_code == 403, f"{answer.status_code} {answer.text}"
    assert "<Error>" in answer.text and "<Code>" in answer.text


V2_CHANGES = {
    "method": lambda url: requests.put(url, data=b"x"),
    "path": lambda url: requests.get(url.replace("/o?", "/p?")),
    "expiry": lambda url: requests.get(parameter(url, "Expires", str(int(value_of(url, "Expires")) + 1))),
    "header": lambda url: requests.get(url, headers={"x-goog-meta-a": "b"}),
    "signature": lambda url: requests.get(parameter(url, "Signature", quote(base64.b64encode(b"x" * 256).decode(), safe=""))),
    "key": lambda url: requests.get(parameter(url, "GoogleAccessId", "nobody%40demo-project.iam.gserviceaccount.com")),
}


@pytest.mark.parametrize("change", V2_CHANGES)
def test_no_change_of_a_v2_url_works(sign, change):
    url = sign(version="v2")
    assert requests.get(url).status_code == 200
    answer = V2_CHANGES[change](url)
    assert answer.status_code == 403, f"{answer.status_code} {answer.text}"


def test_another_key_and_another_date_do_not_work(sign, new_account):
    url = sign()
    other = new_account()
    credential = value_of(url, "X-Goog-Credential")
    moved = credential.replace(credential.split("%40")[0], other.id)
    refused(requests.get(parameter(url, "X-Goog-Credential", moved)))
    assert requests.get(parameter(url, "X-Goog-Date", "20200101T000000Z")).status_code in (400, 403)
    refused(requests.get(sign(credentials=other.credentials(), service_account_email=None)), "AccessDenied")


@pytest.mark.parametrize("version", ["v2", "v4"])
def test_one_that_is_over_is_refused(sign, later, version):
    url = sign(version=version)
    assert requests.get(url).status_code == 200
    later(590)
    assert requests.get(url).status_code == 200
    later(20)
    refused(requests.get(url), "ExpiredToken")


def test_one_that_is_not_valid_yet_is_refused(sign, later):
    later(-3600)
    answer = requests.get(sign())
    assert answer.status_code in (400, 403), answer.text


def test_one_for_more_than_a_week_is_refused(sign):
    url = sign()
    assert requests.get(parameter(url, "X-Goog-Expires", "604801")).status_code in (400, 403)


@pytest.mark.parametrize("version", ["v2", "v4"])
def test_the_signer_needs_the_permission_and_the_key(sign, new_account, operator, bucket, version):
    other = new_account()
    file = other.key()
    url = sign(credentials=other.credentials(file), version=version)
    refused(requests.get(url), "AccessDenied")
    policy = bucket.get_iam_policy(requested_policy_version=3)
    policy.bindings.append({"role": "roles/storage.objectViewer", "members": {other.member}})
    bucket.set_iam_policy(policy)
    assert requests.get(url).text == "content"
    refused(requests.put(sign("new", credentials=other.credentials(file), version=version, method="PUT"), data=b"x"), "AccessDenied")
    operator.post(f"{other.path}/keys/{file['private_key_id']}:disable")
    assert requests.get(url).status_code == 403
    operator.post(f"{other.path}/keys/{file['private_key_id']}:enable")
    assert requests.get(url).status_code == 200
    operator.post(other.path + ":disable")
    assert requests.get(url).status_code == 403
    operator.post(other.path + ":enable")
    assert operator("DELETE", f"{other.path}/keys/{file['private_key_id']}").status_code == 200
    assert requests.get(url).status_code == 403


def test_a_resumable_upload_that_is_signed(sign, bucket):
    headers = {"x-goog-resumable": "start", "Content-Type": "text/plain"}
    begun = requests.post(sign("long", method="RESUMABLE", headers={"Content-Type": "text/plain"}), headers=headers)
    assert begun.status_code == 201, begun.text
    assert requests.put(begun.headers["Location"], data=b"x" * 300_000).status_code == 200
    assert bucket.get_blob("long").size == 300_000


@pytest.mark.parametrize("version", ["v2", "v4"])
def test_the_bucket_in_the_host_name(sign, bucket, version):
    host = f"{bucket.name}.storage.googleapis.com"
    if version == "v4":
        url = sign(virtual_hosted_style=True, api_access_endpoint="https://storage.googleapis.com")
        here = url.replace(f"https://{host}", BASE)
    else:
        # What is signed names the bucket wherever it stands; the library forgets it with `virtual_hosted_style`.
        here = sign(version="v2").replace(f"/{bucket.name}/", "/")
    assert f"{BASE}/o?" in here
    answer = requests.get(here, headers={"Host": host})
    assert (answer.status_code, answer.text) == (200, "content"), answer.text
    assert requests.get(here.replace("/o?", "/p?"), headers={"Host": host}).status_code == 403
    assert requests.get(here, headers={"Host": "other-" + host}).status_code in (403, 404)


def test_a_listing_and_a_bucket(sign, storage_admin, bucket):
    client = client_of(storage_admin.credentials(storage_admin.file))
    url = client.bucket(bucket.name).generate_signed_url(expiration=10 * MINUTE, version="v4", api_access_endpoint=BASE)
    answer = requests.get(url)
    assert answer.status_code == 200 and "<Key>o</Key>" in answer.text, answer.text
    assert requests.get(url + "&prefix=p").status_code == 403
