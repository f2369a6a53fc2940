"""Disks, snapshots, images and schedules with google-cloud-compute."""

import pytest
from gce import IMAGE, PROJECT, REGION, ZONE, done, last, new_name, reason
from google.api_core import exceptions
from google.cloud import compute_v1
from google.cloud.compute_v1 import Disk, Image, Snapshot


def disk_of(cloud, name):
    return cloud.disks.get(project=PROJECT, zone=ZONE, disk=name)


@pytest.fixture
def new_image(cloud, later):
    """`new_image(source_disk=...)` makes one and answers with it as it then reads."""

    def make(**more):
        wanted = Image(name=new_name("image"), **more)
        done(cloud.images.insert(project=PROJECT, image_resource=wanted))
        later(cloud.images.delete, image=wanted.name)
        return cloud.images.get(project=PROJECT, image=wanted.name)

    return make


@pytest.fixture
def new_snapshot(cloud, later):
    """`new_snapshot(disk)` makes one and answers with it as it then reads."""

    def make(disk, **more):
        wanted = Snapshot(name=new_name("snap"), **more)
        done(cloud.disks.create_snapshot(project=PROJECT, zone=ZONE, disk=disk.name, snapshot_resource=wanted))
        later(cloud.snapshots.delete, snapshot=wanted.name)
        return cloud.snapshots.get(project=PROJECT, snapshot=wanted.name)

    return make


def test_what_a_disk_is_without_being_told(new_disk):
    made = new_disk()
    assert (made.kind, made.status, made.size_gb, last(made.type_)) == ("compute#disk", "READY", 500, "pd-standard")
    assert last(made.zone) == ZONE and made.physical_block_size_bytes == 4096 and made.label_fingerprint and not made.users
    small = new_disk(type_=f"zones/{ZONE}/diskTypes/pd-ssd")
    assert (last(small.type_), small.size_gb) == ("pd-ssd", 100)


def test_a_disk_grows_and_does_not_shrink(cloud, new_disk):
    def resize(size):
        request = compute_v1.DisksResizeRequest(size_gb=size)
        return done(cloud.disks.resize(project=PROJECT, zone=ZONE, disk=made.name, disks_resize_request_resource=request))

    made = new_disk(size_gb=20, description="data", labels={"env": "dev"})
    assert (made.size_gb, made.description, dict(made.labels)) == (20, "data", {"env": "dev"})
    resize(30)
    assert disk_of(cloud, made.name).size_gb == 30
    for wrong in (20, 0):
        with pytest.raises(exceptions.BadRequest):
            resize(wrong)
    assert disk_of(cloud, made.name).size_gb == 30


def test_labels_of_a_disk(cloud, new_disk):
    made = new_disk(size_gb=10)
    request = compute_v1.ZoneSetLabelsRequest(label_fingerprint=made.label_fingerprint, labels={"env": "live"})
    where = {"project": PROJECT, "zone": ZONE, "resource": made.name, "zone_set_labels_request_resource": request}
    done(cloud.disks.set_labels(**where))
    assert dict(disk_of(cloud, made.name).labels) == {"env": "live"}
    with pytest.raises(exceptions.PreconditionFailed) as stale:
        cloud.disks.set_labels(**where)
    assert reason(stale) == "conditionNotMet"


def test_disks_that_cannot_be(cloud, new_disk):
    made = new_disk(size_gb=10)
    with pytest.raises(exceptions.Conflict) as again:
        new_disk(made.name, size_gb=10)
    assert reason(again) == "alreadyExists"
    for wrong in (
        Disk(name="Not_A_Name", size_gb=10),
        Disk(name=new_name(), size_gb=-1),
        Disk(name=new_name(), size_gb=5, source_image=IMAGE),
        Disk(name=new_name(), size_gb=10**9),
        Disk(name=new_name(), size_gb=10, type_=f"zones/{ZONE}/diskTypes/pd-drum"),
    ):
        with pytest.raises((exceptions.BadRequest, exceptions.NotFound)):
            done(cloud.disks.insert(project=PROJECT, zone=ZONE, disk_resource=wrong))
            pytest.fail(f"taken: {wrong}")
    with pytest.raises(exceptions.NotFound, match="disks/none"):
        disk_of(cloud, "none")
    with pytest.raises(exceptions.NotFound):
        done(cloud.disks.insert(project=PROJECT, zone=ZONE, disk_resource=Disk(name=new_name(), source_snapshot="global/snapshots/none")))


def test_a_disk_from_an_image(new_disk):
    made = new_disk(source_image=IMAGE)
    assert made.size_gb == 10 and "/images/debian-12" in made.source_image and made.source_image_id and made.licenses


def test_a_snapshot_and_a_disk_from_it(cloud, new_disk, new_snapshot):
    disk = new_disk(size_gb=20)
    made = new_snapshot(disk, labels={"keep": "yes"}, description="before")
    assert (made.status, made.disk_size_gb, last(made.source_disk), made.source_disk_id) == ("READY", 20, disk.name, str(disk.id))
    assert (dict(made.labels), made.description, made.auto_created) == ({"keep": "yes"}, "before", False)
    assert made.storage_bytes_status == "UP_TO_DATE" and list(made.storage_locations)
    restored = new_disk(source_snapshot=made.self_link)
    assert restored.size_gb == 20 and last(restored.source_snapshot) == made.name and restored.source_snapshot_id == str(made.id)
    assert new_disk(source_snapshot=made.self_link, size_gb=40).size_gb == 40
    with pytest.raises(exceptions.BadRequest):
        new_disk(source_snapshot=made.self_link, size_gb=10)
    request = compute_v1.ListSnapshotsRequest(project=PROJECT, filter=f"name = {made.name}")
    assert [found.id for found in cloud.snapshots.list(request=request)] == [made.id]
    done(cloud.disks.delete(project=PROJECT, zone=ZONE, disk=disk.name))
    assert cloud.snapshots.get(project=PROJECT, snapshot=made.name).status == "READY"


def test_a_snapshot_inserted_by_itself(cloud, new_disk, later):
    disk, name = new_disk(size_gb=10), new_name("snap")
    wanted = Snapshot(name=name, source_disk=disk.self_link, snapshot_type="ARCHIVE")
    done(cloud.snapshots.insert(project=PROJECT, snapshot_resource=wanted))
    later(cloud.snapshots.delete, snapshot=name)
    made = cloud.snapshots.get(project=PROJECT, snapshot=name)
    assert (made.status, made.snapshot_type, last(made.source_disk)) == ("READY", "ARCHIVE", disk.name)
    with pytest.raises(exceptions.NotFound):
        lost = Snapshot(name=new_name(), source_disk=f"projects/{PROJECT}/zones/{ZONE}/disks/none")
        done(cloud.snapshots.insert(project=PROJECT, snapshot_resource=lost))


def test_images_and_their_family(cloud, new_disk, new_snapshot, new_image):
    disk, family = new_disk(size_gb=20), new_name("family")
    first = new_image(source_disk=disk.self_link, family=family, description="one")
    assert (first.status, first.disk_size_gb, last(first.source_disk), first.family) == ("READY", 20, disk.name, family)
    assert first.source_type == "RAW" and first.source_disk_id == str(disk.id)
    assert cloud.images.get_from_family(project=PROJECT, family=family).name == first.name
    second = new_image(source_snapshot=new_snapshot(disk).self_link, family=family)
    assert cloud.images.get_from_family(project=PROJECT, family=family).name == second.name and second.disk_size_gb == 20
    status = compute_v1.DeprecationStatus(state="DEPRECATED", replacement=first.self_link)
    done(cloud.images.deprecate(project=PROJECT, image=second.name, deprecation_status_resource=status))
    kept = cloud.images.get(project=PROJECT, image=second.name).deprecated
    assert (kept.state, last(kept.replacement)) == ("DEPRECATED", first.name)
    assert cloud.images.get_from_family(project=PROJECT, family=family).name == first.name
    third = new_image(source_image=first.self_link, labels={"env": "dev"})
    assert last(third.source_image) == first.name and third.source_image_id == str(first.id)
    patch = Image(family=new_name("other"), description="three")
    done(cloud.images.patch(project=PROJECT, image=third.name, image_resource=patch))
    patched = cloud.images.get(project=PROJECT, image=third.name)
    assert (patched.family, patched.description, dict(patched.labels)) == (patch.family, "three", {"env": "dev"})
    assert new_disk(source_image=f"global/images/family/{family}").source_image_id == str(first.id)
    with pytest.raises(exceptions.NotFound):
        cloud.images.get_from_family(project=PROJECT, family=new_name("none"))


def test_images_that_cannot_be(cloud, new_disk, new_image):
    disk = new_disk(size_gb=10)
    for wrong in ({}, {"source_disk": disk.self_link, "source_image": IMAGE}):
        with pytest.raises(exceptions.BadRequest):
            new_image(**wrong)
            pytest.fail(f"taken: {wrong}")
    with pytest.raises(exceptions.NotFound):
        new_image(source_disk=f"projects/{PROJECT}/zones/{ZONE}/disks/none")


def test_images_of_everybody(cloud):
    request = compute_v1.ListImagesRequest(project="debian-cloud", filter="family = debian-12")
    [found] = [image for image in cloud.images.list(request=request) if not image.deprecated.state]
    assert found.name.startswith("debian-12-") and found.architecture == "X86_64" and found.licenses
    view = cloud.image_family_views.get(project="debian-cloud", zone=ZONE, family="debian-12")
    assert view.image.name == found.name


def test_a_disk_of_a_region(cloud, later):
    wanted = Disk(name=new_name("both"), size_gb=200, type_=f"regions/{REGION}/diskTypes/pd-balanced")
    wanted.replica_zones = [f"projects/{PROJECT}/zones/{REGION}-{letter}" for letter in "ab"]
    done(cloud.region_disks.insert(project=PROJECT, region=REGION, disk_resource=wanted))
    later(cloud.region_disks.delete, region=REGION, disk=wanted.name)
    made = cloud.region_disks.get(project=PROJECT, region=REGION, disk=wanted.name)
    assert sorted(last(zone) for zone in made.replica_zones) == [f"{REGION}-a", f"{REGION}-b"] and last(made.region) == REGION
    request = compute_v1.AggregatedListDisksRequest(project=PROJECT, filter=f"name = {wanted.name}")
    found = dict(cloud.disks.aggregated_list(request=request))
    assert [disk.name for disk in found[f"regions/{REGION}"].disks] == [wanted.name]


def test_a_schedule_of_snapshots(cloud, new_disk, later):
    daily = compute_v1.ResourcePolicyDailyCycle(days_in_cycle=1, start_time="04:00")
    wanted = compute_v1.ResourcePolicy(
        name=new_name("daily"),
        snapshot_schedule_policy=compute_v1.ResourcePolicySnapshotSchedulePolicy(
            schedule=compute_v1.ResourcePolicySnapshotSchedulePolicySchedule(daily_schedule=daily),
            retention_policy=compute_v1.ResourcePolicySnapshotSchedulePolicyRetentionPolicy(max_retention_days=7),
        ),
    )
    done(cloud.resource_policies.insert(project=PROJECT, region=REGION, resource_policy_resource=wanted))
    later(cloud.resource_policies.delete, region=REGION, resource_policy=wanted.name)
    made = cloud.resource_policies.get(project=PROJECT, region=REGION, resource_policy=wanted.name)
    policy = made.snapshot_schedule_policy
    assert made.status == "READY" and policy.schedule.daily_schedule.start_time == "04:00"
    assert policy.retention_policy.max_retention_days == 7 and policy.retention_policy.on_source_disk_delete == "KEEP_AUTO_SNAPSHOTS"
    disk = new_disk(size_gb=10)
    where = {"project": PROJECT, "zone": ZONE, "disk": disk.name}
    request = compute_v1.DisksAddResourcePoliciesRequest(resource_policies=[made.self_link])
    done(cloud.disks.add_resource_policies(**where, disks_add_resource_policies_request_resource=request))
    assert [last(each) for each in disk_of(cloud, disk.name).resource_policies] == [wanted.name]
    with pytest.raises(exceptions.BadRequest):
        done(cloud.resource_policies.delete(project=PROJECT, region=REGION, resource_policy=wanted.name))
    request = compute_v1.DisksRemoveResourcePoliciesRequest(resource_policies=[made.self_link])
    done(cloud.disks.remove_resource_policies(**where, disks_remove_resource_policies_request_resource=request))
    assert not disk_of(cloud, disk.name).resource_policies


def test_policies_of_images_and_disks(cloud, new_disk, new_image):
    disk = new_disk(size_gb=10)
    image = new_image(source_disk=disk.self_link)
    policy = cloud.images.get_iam_policy(project=PROJECT, resource=image.name)
    policy.bindings.append(compute_v1.Binding(role="roles/compute.imageUser", members=["allAuthenticatedUsers"]))
    request = compute_v1.GlobalSetPolicyRequest(policy=policy)
    cloud.images.set_iam_policy(project=PROJECT, resource=image.name, global_set_policy_request_resource=request)
    assert cloud.images.get_iam_policy(project=PROJECT, resource=image.name).bindings[0].role == "roles/compute.imageUser"
    permissions = compute_v1.TestPermissionsRequest(permissions=["compute.disks.get"])
    where = {"project": PROJECT, "zone": ZONE, "resource": disk.name, "test_permissions_request_resource": permissions}
    assert list(cloud.disks.test_iam_permissions(**where).permissions) == ["compute.disks.get"]
