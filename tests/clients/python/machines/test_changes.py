"""What can be changed of an instance with google-cloud-compute: labels, metadata, tags, type, account, interfaces, disks' flags."""

import pytest
from gce import PROJECT, ZONE, done, last, new_name, reason
from google.api_core import exceptions
from google.cloud import compute_v1
from google.cloud.compute_v1 import AccessConfig, Items, Metadata, Tags


def of(cloud, name):
    return cloud.instances.get(project=PROJECT, zone=ZONE, instance=name)


@pytest.fixture
def change(cloud):
    """`change(instance, "set_tags", tags_resource=...)` calls, waits, and answers with how the instance then reads."""

    def call(made, method, key="instance", **more):
        done(getattr(cloud.instances, method)(**{"project": PROJECT, "zone": ZONE, key: made.name}, **more))
        return of(cloud, made.name)

    return call


def asked(kind, made, **more):
    """A request, for methods with parameters that have no argument of their own."""
    return {"request": kind(project=PROJECT, zone=ZONE, instance=made.name, **more)}


def test_labels_and_their_fingerprint(change, new_instance):
    made = new_instance(labels={"env": "dev"})
    request = compute_v1.InstancesSetLabelsRequest(label_fingerprint=made.label_fingerprint, labels={"env": "live", "team": "x"})
    changed = change(made, "set_labels", instances_set_labels_request_resource=request)
    assert dict(changed.labels) == {"env": "live", "team": "x"} and changed.label_fingerprint != made.label_fingerprint
    with pytest.raises(exceptions.PreconditionFailed) as stale:
        change(made, "set_labels", instances_set_labels_request_resource=request)
    assert stale.value.code == 412 and reason(stale) == "conditionNotMet"
    with pytest.raises(exceptions.BadRequest):
        wrong = compute_v1.InstancesSetLabelsRequest(label_fingerprint=changed.label_fingerprint, labels={"Not a key": "x"})
        change(made, "set_labels", instances_set_labels_request_resource=wrong)


def test_metadata_and_its_fingerprint(change, new_instance):
    made = new_instance()
    first = Metadata(fingerprint=made.metadata.fingerprint, items=[Items(key="a", value="1"), Items(key="b", value="two\nlines")])
    changed = change(made, "set_metadata", metadata_resource=first)
    assert {item.key: item.value for item in changed.metadata.items} == {"a": "1", "b": "two\nlines"}
    with pytest.raises(exceptions.PreconditionFailed) as stale:
        change(made, "set_metadata", metadata_resource=first)
    assert reason(stale) == "conditionNotMet"
    for wrong in ([Items(key="a", value="1"), Items(key="a", value="2")], [Items(key="not a key", value="1")]):
        with pytest.raises(exceptions.BadRequest):
            change(made, "set_metadata", metadata_resource=Metadata(fingerprint=changed.metadata.fingerprint, items=wrong))
            pytest.fail(f"taken: {wrong}")
    emptied = change(made, "set_metadata", metadata_resource=Metadata(fingerprint=changed.metadata.fingerprint))
    assert not emptied.metadata.items


def test_tags_and_their_fingerprint(change, new_instance):
    made = new_instance(tags=Tags(items=["web"]))
    wanted = Tags(fingerprint=made.tags.fingerprint, items=["db", "http-server"])
    changed = change(made, "set_tags", tags_resource=wanted)
    assert sorted(changed.tags.items) == ["db", "http-server"] and changed.tags.fingerprint != made.tags.fingerprint
    with pytest.raises(exceptions.PreconditionFailed) as stale:
        change(made, "set_tags", tags_resource=wanted)
    assert reason(stale) == "conditionNotMet"


def test_the_machine_type_of_a_stopped_instance(change, new_instance):
    made = new_instance()
    request = compute_v1.InstancesSetMachineTypeRequest(machine_type=f"zones/{ZONE}/machineTypes/e2-standard-2")
    with pytest.raises(exceptions.BadRequest):
        change(made, "set_machine_type", instances_set_machine_type_request_resource=request)
    change(made, "stop")
    changed = change(made, "set_machine_type", instances_set_machine_type_request_resource=request)
    assert last(changed.machine_type) == "e2-standard-2" and changed.status == "TERMINATED"
    wrong = compute_v1.InstancesSetMachineTypeRequest(machine_type=f"zones/{ZONE}/machineTypes/none")
    with pytest.raises((exceptions.BadRequest, exceptions.NotFound)):
        change(made, "set_machine_type", instances_set_machine_type_request_resource=wrong)
    assert change(made, "start").status == "RUNNING"


def test_the_service_account_of_a_stopped_instance(change, new_instance):
    made = new_instance()
    scopes = ["https://www.googleapis.com/auth/devstorage.read_only"]
    request = compute_v1.InstancesSetServiceAccountRequest(email="default", scopes=scopes)
    with pytest.raises(exceptions.BadRequest):
        change(made, "set_service_account", instances_set_service_account_request_resource=request)
    change(made, "stop")
    [account] = change(made, "set_service_account", instances_set_service_account_request_resource=request).service_accounts
    assert list(account.scopes) == scopes and account.email.endswith("gserviceaccount.com")


def test_scheduling(change, new_instance):
    made = new_instance()
    changed = change(
        made, "set_scheduling", scheduling_resource=compute_v1.Scheduling(on_host_maintenance="TERMINATE", automatic_restart=False)
    )
    assert (changed.scheduling.on_host_maintenance, changed.scheduling.automatic_restart) == ("TERMINATE", False)
    with pytest.raises(exceptions.BadRequest):
        change(made, "set_scheduling", scheduling_resource=compute_v1.Scheduling(on_host_maintenance="PRAY"))


def test_access_configs(change, new_instance):
    made = new_instance()
    config = AccessConfig(name="External NAT", type_="ONE_TO_ONE_NAT")
    [nic] = change(made, "add_access_config", network_interface="nic0", access_config_resource=config).network_interfaces
    assert nic.access_configs[0].nat_i_p and nic.access_configs[0].name == "External NAT"
    with pytest.raises(exceptions.BadRequest):
        change(made, "add_access_config", network_interface="nic0", access_config_resource=config)
    [nic] = change(made, "delete_access_config", network_interface="nic0", access_config="External NAT").network_interfaces
    assert not nic.access_configs
    with pytest.raises(exceptions.BadRequest):
        change(made, "add_access_config", network_interface="nic7", access_config_resource=config)


def test_alias_ranges_of_an_interface(cloud, change, new_instance, subnetwork):
    interface = compute_v1.NetworkInterface(subnetwork=f"regions/us-central1/subnetworks/{subnetwork}")
    made = new_instance(network_interfaces=[interface])
    wanted = compute_v1.NetworkInterface(
        fingerprint=made.network_interfaces[0].fingerprint, alias_ip_ranges=[compute_v1.AliasIpRange(ip_cidr_range="10.20.0.64/28")]
    )
    changed = change(made, "update_network_interface", network_interface="nic0", network_interface_resource=wanted)
    assert [each.ip_cidr_range for each in changed.network_interfaces[0].alias_ip_ranges] == ["10.20.0.64/28"]
    with pytest.raises(exceptions.PreconditionFailed):
        change(made, "update_network_interface", network_interface="nic0", network_interface_resource=wanted)


def test_disks_are_attached_and_detached(cloud, change, new_instance, new_disk):
    made, disk = new_instance(), new_disk(size_gb=20)
    wanted = compute_v1.AttachedDisk(source=disk.self_link, device_name="data")
    changed = change(made, "attach_disk", attached_disk_resource=wanted)
    assert [(each.device_name, last(each.source), each.boot, each.auto_delete) for each in changed.disks[1:]] == [
        ("data", disk.name, False, False)
    ]
    used = cloud.disks.get(project=PROJECT, zone=ZONE, disk=disk.name)
    assert [last(user) for user in used.users] == [made.name] and used.last_attach_timestamp
    with pytest.raises(exceptions.BadRequest, match=made.name) as refused:
        done(cloud.disks.delete(project=PROJECT, zone=ZONE, disk=disk.name))
    assert reason(refused) in ("resourceInUseByAnotherResource", "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE")
    with pytest.raises(exceptions.BadRequest):
        change(new_instance(), "attach_disk", attached_disk_resource=wanted)
    request = asked(compute_v1.SetDiskAutoDeleteInstanceRequest, made, device_name="data", auto_delete=True)
    done(cloud.instances.set_disk_auto_delete(**request))
    assert of(cloud, made.name).disks[1].auto_delete
    assert len(change(made, "detach_disk", device_name="data").disks) == 1
    freed = cloud.disks.get(project=PROJECT, zone=ZONE, disk=disk.name)
    assert not freed.users and freed.last_detach_timestamp
    with pytest.raises(exceptions.BadRequest):
        change(made, "detach_disk", device_name="data")


def test_a_disk_read_by_many(new_instance, new_disk):
    disk = new_disk(size_gb=10)
    boot = compute_v1.AttachedDisk(
        boot=True,
        auto_delete=True,
        initialize_params=compute_v1.AttachedDiskInitializeParams(source_image="projects/debian-cloud/global/images/family/debian-12"),
    )
    for _ in range(2):
        made = new_instance(disks=[boot, compute_v1.AttachedDisk(source=disk.self_link, mode="READ_ONLY")])
        assert made.disks[1].mode == "READ_ONLY"


def test_an_update_of_the_whole(cloud, change, new_instance):
    made = new_instance(labels={"env": "dev"})
    whole = of(cloud, made.name)
    whole.labels = {"env": "live"}
    whole.deletion_protection = True
    changed = change(made, "update", instance_resource=whole)
    assert dict(changed.labels) == {"env": "live"} and changed.deletion_protection
    change(made, "set_deletion_protection", key="resource")
    request = compute_v1.SetDeletionProtectionInstanceRequest(project=PROJECT, zone=ZONE, resource=made.name, deletion_protection=False)
    done(cloud.instances.set_deletion_protection(request=request))


def test_shielding(cloud, change, new_instance):
    made = new_instance()
    change(made, "stop")
    config = compute_v1.ShieldedInstanceConfig(enable_secure_boot=True, enable_vtpm=True, enable_integrity_monitoring=False)
    kept = change(made, "update_shielded_instance_config", shielded_instance_config_resource=config).shielded_instance_config
    assert kept.enable_secure_boot and kept.enable_vtpm and not kept.enable_integrity_monitoring
    policy = compute_v1.InstancesSetMinCpuPlatformRequest(min_cpu_platform="AUTOMATIC")
    change(made, "set_min_cpu_platform", instances_set_min_cpu_platform_request_resource=policy)


def test_what_can_be_asked_of_an_instance(cloud, new_instance):
    made = new_instance(tags=Tags(items=["web"]))
    where = {"project": PROJECT, "zone": ZONE, "instance": made.name}
    output = cloud.instances.get_serial_port_output(**where)
    assert output.start == 0 and output.next_ == len(output.contents.encode())
    effective = cloud.instances.get_effective_firewalls(**where, network_interface="nic0")
    assert "default-allow-ssh" in [rule.name for rule in effective.firewalls]
    assert list(cloud.instances.list_referrers(**where)) == []
    with pytest.raises(exceptions.NotFound):
        cloud.instances.get_guest_attributes(request=compute_v1.GetGuestAttributesInstanceRequest(**where, query_path="none/"))
    with pytest.raises(exceptions.BadRequest):
        asked_port = compute_v1.GetSerialPortOutputInstanceRequest(**where, port=9)
        cloud.instances.get_serial_port_output(request=asked_port)


def test_the_policy_of_an_instance(cloud, new_instance):
    where = {"project": PROJECT, "zone": ZONE, "resource": new_instance().name}
    policy = cloud.instances.get_iam_policy(**where)
    policy.bindings.append(compute_v1.Binding(role="roles/compute.osLogin", members=["user:ann@example.com"]))
    request = compute_v1.ZoneSetPolicyRequest(policy=policy)
    cloud.instances.set_iam_policy(**where, zone_set_policy_request_resource=request)
    [binding] = cloud.instances.get_iam_policy(**where).bindings
    assert (binding.role, list(binding.members)) == ("roles/compute.osLogin", ["user:ann@example.com"])
    permissions = compute_v1.TestPermissionsRequest(permissions=["compute.instances.get"])
    assert list(cloud.instances.test_iam_permissions(**where, test_permissions_request_resource=permissions).permissions) == [
        "compute.instances.get"
    ]
    with pytest.raises(exceptions.NotFound):
        cloud.instances.get_iam_policy(project=PROJECT, zone=ZONE, resource=new_name())
