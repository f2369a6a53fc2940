"""Objects through google-cloud-storage."""

import base64
import hashlib
import io
import os

import pytest
from google.api_core import exceptions
from google.cloud.storage import transfer_manager

CONTENTS = {
    "empty": b"",
    "one": b"\xff",
    "text": "grüße, 世界\r\n".encode(),
    "every byte": bytes(range(256)) * 40,
    "8 MiB": os.urandom(8 << 20),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_f01_content_is_exact(bucket, name):
    content = CONTENTS[name]
    blob = bucket.blob(name)
    blob.upload_from_string(content, checksum="crc32c")
    assert blob.size == len(content)
    assert blob.md5_hash == base64.b64encode(hashlib.md5(content).digest()).decode()
    assert bucket.blob(name).download_as_bytes(checksum="md5") == content
    assert bucket.blob(name).download_as_bytes(start=1, end=3) == content[1:4] if len(content) > 4 else True


@pytest.mark.parametrize("name", ["a b", "a/../b", "a//b", "/lead", "ü/世界", "100%", "a+b&c=d?e#f", "x" * 1024])
def test_f04_names_are_exact(bucket, name):
    bucket.blob(name).upload_from_string(name)
    assert [blob.name for blob in bucket.list_blobs()] == [name]
    assert bucket.get_blob(name).download_as_text() == name
    bucket.blob(name).delete()
    assert bucket.get_blob(name) is None


def test_resumable_in_chunks_and_of_unknown_length(bucket):
    content = os.urandom((1 << 20) + 12345)
    blob = bucket.blob("chunks", chunk_size=256 << 10)
    blob.upload_from_file(io.BytesIO(content), size=len(content))
    assert bucket.blob("chunks").download_as_bytes() == content
    with bucket.blob("stream", chunk_size=256 << 10).open("wb") as writer:
        for start in range(0, len(content), 100_000):
            writer.write(content[start : start + 100_000])
    with bucket.blob("stream").open("rb") as reader:
        assert reader.read() == content


def test_parts_at_once(bucket, tmp_path):
    content = os.urandom(9 << 20)
    (tmp_path / "source").write_bytes(content)
    blob = bucket.blob("parts")
    transfer_manager.upload_chunks_concurrently(str(tmp_path / "source"), blob, chunk_size=5 << 20, max_workers=2, worker_type="thread")
    transfer_manager.download_chunks_concurrently(bucket.blob("parts"), str(tmp_path / "target"), chunk_size=2 << 20, max_workers=2, worker_type="thread")
    assert (tmp_path / "target").read_bytes() == content


def test_preconditions(bucket):
    blob = bucket.blob("once")
    blob.upload_from_string("first", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("once").upload_from_string("second", if_generation_match=0)
    assert blob.download_as_text() == "first"


def test_metadata_patch_and_clear(bucket):
    blob = bucket.blob("m")
    blob.metadata = {"k": "v"}
    blob.cache_control = "no-cache"
    blob.upload_from_string("x", content_type="text/x")
    blob.reload()
    assert (blob.metadata, blob.cache_control, blob.content_type) == ({"k": "v"}, "no-cache", "text/x")
    blob.metadata = None
    blob.patch()
    blob.reload()
    assert blob.metadata is None and blob.metageneration == 2


def test_versions_copy_rewrite_compose(client, bucket):
    bucket.versioning_enabled = True
    bucket.patch()
    for turn in range(3):
        bucket.blob("v").upload_from_string(f"{turn}")
    versions = sorted(bucket.list_blobs(versions=True), key=lambda blob: blob.generation)
    assert [blob.download_as_text() for blob in versions] == ["0", "1", "2"]
    other = client.create_bucket(bucket.name + "-other")
    assert bucket.copy_blob(bucket.blob("v"), other, "copy").name == "copy"
    target = other.blob("rewritten")
    token, written, total = target.rewrite(bucket.blob("v"))
    assert token is None and written == total == 1
    composed = other.blob("composed")
    composed.compose([other.blob("copy"), target])
    assert composed.download_as_text() == "22" and composed.component_count == 2


def test_pages_and_prefixes(bucket):
    for number in range(25):
        bucket.blob(f"{number % 3}/{number:02}").upload_from_string("x")
    assert len(list(bucket.list_blobs(page_size=4))) == 25
    listing = bucket.list_blobs(delimiter="/", page_size=2)
    assert list(listing) == [] and listing.prefixes == {"0/", "1/", "2/"}
    assert [blob.name for blob in bucket.list_blobs(match_glob="1/**", max_results=2)] == ["1/01", "1/04"]


def test_batch(client, bucket):
    blobs = [bucket.blob(f"b{number}") for number in range(5)]
    for blob in blobs:
        blob.upload_from_string("x")
    with client.batch():
        for blob in blobs[:3]:
            blob.metadata = {"in": "batch"}
            blob.patch()
    assert bucket.get_blob("b1").metadata == {"in": "batch"}
    with client.batch():
        for blob in blobs:
            blob.delete()
    assert list(bucket.list_blobs()) == []


def test_soft_delete_and_restore(bucket):
    blob = bucket.blob("soft")
    blob.upload_from_string("kept")
    blob.reload()
    blob.delete()
    [deleted] = bucket.list_blobs(soft_deleted=True)
    assert deleted.generation == blob.generation
    bucket.restore_blob("soft", generation=blob.generation)
    assert bucket.blob("soft").download_as_text() == "kept"


def test_customer_supplied_keys(bucket):
    key = os.urandom(32)
    bucket.blob("k", encryption_key=key).upload_from_string("secret")
    assert bucket.blob("k", encryption_key=key).download_as_text() == "secret"
    with pytest.raises(exceptions.BadRequest):
        bucket.blob("k").download_as_text()
