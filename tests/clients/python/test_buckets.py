"""Buckets through google-cloud-storage."""

import pytest
from google.api_core import exceptions


def test_settings_read_back(client, bucket):
    bucket.storage_class = "NEARLINE"
    bucket.labels = {"env": "test"}
    bucket.add_lifecycle_delete_rule(age=30)
    bucket.cors = [{"origin": ["https://example.com"], "method": ["GET"], "maxAgeSeconds": 60}]
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.requester_pays = True
    bucket.patch()
    read = client.get_bucket(bucket.name)
    assert (read.storage_class, read.labels, read.requester_pays) == ("NEARLINE", {"env": "test"}, True)
    assert [rule["condition"] for rule in read.lifecycle_rules] == [{"age": 30}]
    assert read.cors == bucket.cors
    assert read.iam_configuration.uniform_bucket_level_access_enabled
    read.labels = {}
    read.clear_lifecycle_rules()
    read.patch()
    assert client.get_bucket(bucket.name).labels == {}


def test_missing_and_existing(client, bucket):
    with pytest.raises(exceptions.NotFound):
        client.get_bucket("python-no-such-bucket")
    with pytest.raises(exceptions.Conflict):
        client.create_bucket(bucket.name)
    assert client.lookup_bucket("python-no-such-bucket") is None
    assert bucket.name in [found.name for found in client.list_buckets(prefix="python-")]


def test_delete_refuses_then_forces(client, bucket):
    bucket.blob("o").upload_from_string("x")
    with pytest.raises(exceptions.Conflict):
        bucket.delete()
    bucket.delete(force=True)
    assert client.lookup_bucket(bucket.name) is None


def test_iam(bucket):
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.patch()
    policy = bucket.get_iam_policy(requested_policy_version=3)
    policy.version = 3
    policy.bindings.append({"role": "roles/storage.objectViewer", "members": {"allUsers"}})
    bucket.set_iam_policy(policy)
    read = bucket.get_iam_policy(requested_policy_version=3)
    assert {"role": "roles/storage.objectViewer", "members": {"allUsers"}} in [dict(binding) for binding in read.bindings]
    assert bucket.test_iam_permissions(["storage.objects.get"]) == ["storage.objects.get"]


def test_acl(bucket):
    blob = bucket.blob("o")
    blob.upload_from_string("x")
    blob.acl.all().grant_read()
    blob.acl.save()
    blob.acl.reload()
    assert "READER" in blob.acl.all().get_roles()


def test_notification_and_hmac(client, bucket):
    notification = bucket.notification(topic_name="topic-one", topic_project="demo-project")
    notification.create()
    assert len(list(bucket.list_notifications())) == 1
    notification.delete()
    key, secret = client.create_hmac_key("sa@demo-project.iam.gserviceaccount.com")
    assert len(secret) == 40
    key.state = "INACTIVE"
    key.update()
    key.delete()
    assert client.get_service_account_email().endswith("gserviceaccount.com")
