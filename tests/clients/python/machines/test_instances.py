"""Instances with google-cloud-compute: made, read, started and stopped, refused, deleted."""

import ipaddress
import uuid

import pytest
from gce import IMAGE, PROJECT, REGION, ZONE, done, instance, last, new_name, reason
from google.api_core import exceptions
from google.cloud import compute_v1
from google.cloud.compute_v1 import AttachedDisk, AttachedDiskInitializeParams, NetworkInterface


def of(cloud, name):
    return cloud.instances.get(project=PROJECT, zone=ZONE, instance=name)


def insert(cloud, wanted, zone=ZONE):
    return done(cloud.instances.insert(project=PROJECT, zone=zone, instance_resource=wanted))


def call(cloud, method, name, **more):
    """Calls a method of an instance, waits, and answers with how the instance then reads."""
    done(getattr(cloud.instances, method)(project=PROJECT, zone=ZONE, instance=name, **more))
    return of(cloud, name)


def test_what_an_instance_is_without_being_told(cloud, new_instance):
    made = new_instance()
    assert (made.kind, made.status, last(made.machine_type), last(made.zone)) == ("compute#instance", "RUNNING", "e2-micro", ZONE)
    assert made.id > 0 and made.creation_timestamp and made.last_start_timestamp and made.cpu_platform
    assert made.self_link.endswith(f"/compute/v1/projects/{PROJECT}/zones/{ZONE}/instances/{made.name}")
    assert made.fingerprint and made.label_fingerprint and made.metadata.fingerprint and made.tags.fingerprint
    assert made.deletion_protection is False and made.can_ip_forward is False and made.start_restricted is False
    rules = made.scheduling
    assert (rules.on_host_maintenance, rules.automatic_restart, rules.preemptible) == ("MIGRATE", True, False)
    assert rules.provisioning_model == "STANDARD"
    [nic] = made.network_interfaces
    assert (nic.name, nic.stack_type, last(nic.network), last(nic.subnetwork)) == ("nic0", "IPV4_ONLY", "default", "default")
    assert ipaddress.ip_address(nic.network_i_p) in ipaddress.ip_network("10.128.0.0/20") and not nic.access_configs and nic.fingerprint
    [boot] = made.disks
    assert boot.boot and boot.auto_delete and boot.index == 0 and boot.disk_size_gb == 10 and boot.licenses
    assert (boot.type_, boot.mode, boot.device_name, last(boot.source)) == ("PERSISTENT", "READ_WRITE", "persistent-disk-0", made.name)


def test_the_boot_disk_comes_and_goes_with_its_instance(cloud, new_instance):
    made = new_instance()
    disk = cloud.disks.get(project=PROJECT, zone=ZONE, disk=made.name)
    assert disk.status == "READY" and disk.size_gb == 10 and last(disk.type_) == "pd-standard"
    assert [last(user) for user in disk.users] == [made.name] and "/debian-cloud/global/images/debian-12" in disk.source_image
    done(cloud.instances.delete(project=PROJECT, zone=ZONE, instance=made.name))
    with pytest.raises(exceptions.NotFound) as missing:
        of(cloud, made.name)
    assert reason(missing) == "notFound"
    with pytest.raises(exceptions.NotFound):
        cloud.disks.get(project=PROJECT, zone=ZONE, disk=made.name)


def test_a_boot_disk_that_is_not_deleted_automatically_stays(cloud, new_instance, later):
    disk = new_name("boot")
    params = AttachedDiskInitializeParams(source_image=IMAGE, disk_name=disk, disk_size_gb=25, disk_type=f"zones/{ZONE}/diskTypes/pd-ssd")
    made = new_instance(disks=[AttachedDisk(boot=True, auto_delete=False, device_name="root", initialize_params=params)])
    later(cloud.disks.delete, zone=ZONE, disk=disk)
    assert (made.disks[0].device_name, made.disks[0].auto_delete, made.disks[0].disk_size_gb) == ("root", False, 25)
    done(cloud.instances.delete(project=PROJECT, zone=ZONE, instance=made.name))
    kept = cloud.disks.get(project=PROJECT, zone=ZONE, disk=disk)
    assert last(kept.type_) == "pd-ssd" and not kept.users
    again = new_instance(disks=[AttachedDisk(boot=True, source=kept.self_link)])
    assert last(again.disks[0].source) == disk


def test_stop_start_suspend_resume_reset(cloud, new_instance):
    name = new_instance().name
    stopped = call(cloud, "stop", name)
    assert stopped.status == "TERMINATED" and stopped.last_stop_timestamp
    with pytest.raises(exceptions.BadRequest):
        call(cloud, "suspend", name)
    address = stopped.network_interfaces[0].network_i_p
    started = call(cloud, "start", name)
    assert started.status == "RUNNING" and started.network_interfaces[0].network_i_p == address
    assert started.last_start_timestamp > stopped.last_start_timestamp
    suspended = call(cloud, "suspend", name)
    assert suspended.status == "SUSPENDED" and suspended.last_suspended_timestamp
    with pytest.raises(exceptions.BadRequest):
        call(cloud, "reset", name)
    assert call(cloud, "resume", name).status == "RUNNING"
    assert call(cloud, "reset", name).status == "RUNNING"
    assert call(cloud, "simulate_maintenance_event", name).status == "RUNNING"


def test_a_protected_instance_is_not_deleted(cloud, new_instance):
    made = new_instance(deletion_protection=True)
    assert made.deletion_protection
    with pytest.raises(exceptions.BadRequest, match="[Pp]rotect"):
        done(cloud.instances.delete(project=PROJECT, zone=ZONE, instance=made.name))
    request = compute_v1.SetDeletionProtectionInstanceRequest(project=PROJECT, zone=ZONE, resource=made.name, deletion_protection=False)
    done(cloud.instances.set_deletion_protection(request=request))
    assert of(cloud, made.name).deletion_protection is False
    done(cloud.instances.delete(project=PROJECT, zone=ZONE, instance=made.name))


def test_an_instance_with_everything(cloud, new_instance, subnetwork):
    nic = NetworkInterface(
        subnetwork=f"regions/{REGION}/subnetworks/{subnetwork}",
        network_i_p="10.20.0.77",
        access_configs=[compute_v1.AccessConfig(name="External NAT", type_="ONE_TO_ONE_NAT", network_tier="STANDARD")],
    )
    account = compute_v1.ServiceAccount(email="default", scopes=["https://www.googleapis.com/auth/cloud-platform"])
    made = new_instance(
        machine_type="n2-standard-4",
        description="all of it",
        labels={"env": "dev"},
        tags=compute_v1.Tags(items=["web", "db"]),
        metadata=compute_v1.Metadata(items=[compute_v1.Items(key="greeting", value="hello")]),
        network_interfaces=[nic],
        service_accounts=[account],
        can_ip_forward=True,
        hostname="w1.example.com",
        min_cpu_platform="Intel Ice Lake",
        scheduling=compute_v1.Scheduling(provisioning_model="SPOT", instance_termination_action="STOP"),
        shielded_instance_config=compute_v1.ShieldedInstanceConfig(enable_secure_boot=True),
    )
    assert (made.description, dict(made.labels), made.hostname) == ("all of it", {"env": "dev"}, "w1.example.com")
    assert made.can_ip_forward and made.min_cpu_platform == "Intel Ice Lake" and sorted(made.tags.items) == ["db", "web"]
    assert [(item.key, item.value) for item in made.metadata.items] == [("greeting", "hello")]
    [kept] = made.network_interfaces
    assert (kept.network_i_p, last(kept.subnetwork), last(kept.network)) == ("10.20.0.77", subnetwork, subnetwork)
    [access] = kept.access_configs
    assert (access.type_, access.name, access.network_tier) == ("ONE_TO_ONE_NAT", "External NAT", "STANDARD")
    assert ipaddress.IPv4Address(access.nat_i_p)
    assert made.service_accounts[0].email.endswith("gserviceaccount.com") and len(made.service_accounts[0].scopes) == 1
    rules = made.scheduling
    assert (rules.provisioning_model, rules.preemptible, rules.automatic_restart) == ("SPOT", True, False)
    assert (rules.on_host_maintenance, rules.instance_termination_action) == ("TERMINATE", "STOP")
    assert made.shielded_instance_config.enable_secure_boot


def test_instances_that_cannot_be(cloud, new_instance, later):
    there = new_instance()
    with pytest.raises(exceptions.Conflict, match=f"instances/{there.name}' already exists") as again:
        insert(cloud, instance(there.name))
    assert reason(again) == "alreadyExists"
    boot = AttachedDisk(boot=True, initialize_params=AttachedDiskInitializeParams(source_image=IMAGE))
    big = AttachedDisk(boot=True, initialize_params=AttachedDiskInitializeParams(source_image=IMAGE, disk_size_gb=5))
    for field, wrong in {
        "resource.name": instance("Not_A_Name"),
        "resource.machineType": instance(new_name(), "no-such-type"),
        "resource.disks": instance(new_name(), disks=[]),
        "resource.networkInterfaces": instance(new_name(), network_interfaces=[]),
        "resource.disks.0.*diskSizeGb": instance(new_name(), disks=[big]),
        "boot": instance(new_name(), disks=[boot, boot]),
        "resource.networkInterfaces.0.*networkIP": instance(
            new_name(), network_interfaces=[NetworkInterface(network="global/networks/default", network_i_p="192.168.1.1")]
        ),
        "resource.labels": instance(new_name(), labels={"Env": "dev"}),
        "resource.tags": instance(new_name(), tags=compute_v1.Tags(items=["Not a tag"])),
    }.items():
        with pytest.raises(exceptions.BadRequest, match=f"(?i){field}") as refused:
            insert(cloud, wrong)
            pytest.fail(f"taken: {wrong}")
        assert reason(refused) in ("invalid", "required", "badRequest"), field
    image = AttachedDisk(boot=True, initialize_params=AttachedDiskInitializeParams(source_image="projects/debian-cloud/global/images/none"))
    with pytest.raises((exceptions.BadRequest, exceptions.NotFound), match="debian-cloud/global/images/none"):
        insert(cloud, instance(new_name(), disks=[image]))
    with pytest.raises((exceptions.BadRequest, exceptions.NotFound), match="networks/none"):
        insert(cloud, instance(new_name(), network="global/networks/none"))
    with pytest.raises(exceptions.BadRequest, match="Unknown zone"):
        insert(cloud, instance(new_name()), zone="nowhere-1-a")


def test_an_address_that_another_instance_has(cloud, new_instance, subnetwork):
    def nic():
        return [NetworkInterface(subnetwork=f"regions/{REGION}/subnetworks/{subnetwork}", network_i_p="10.20.0.50")]

    new_instance(network_interfaces=nic())
    second = instance(new_name("vm"), network_interfaces=nic())
    with pytest.raises(exceptions.GoogleAPICallError, match="10.20.0.50|in use|already"):
        insert(cloud, second)
    with pytest.raises(exceptions.NotFound):
        of(cloud, second.name)


def test_f11_a_subnetwork_with_an_instance_stays(cloud, new_instance, subnetwork):
    made = new_instance(network_interfaces=[NetworkInterface(subnetwork=f"regions/{REGION}/subnetworks/{subnetwork}")])
    with pytest.raises(exceptions.BadRequest, match=f"instances/{made.name}") as used:
        done(cloud.subnetworks.delete(project=PROJECT, region=REGION, subnetwork=subnetwork))
    assert reason(used) in ("resourceInUseByAnotherResource", "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE")


def test_several_interfaces(new_instance, subnetwork):
    nics = [NetworkInterface(network="global/networks/default"), NetworkInterface(subnetwork=f"regions/{REGION}/subnetworks/{subnetwork}")]
    made = new_instance(network_interfaces=nics)
    assert [(nic.name, last(nic.network)) for nic in made.network_interfaces] == [("nic0", "default"), ("nic1", subnetwork)]


def test_the_same_request_twice_makes_one(cloud, later):
    name, request_id = new_name("vm"), str(uuid.uuid4())
    request = compute_v1.InsertInstanceRequest(project=PROJECT, zone=ZONE, instance_resource=instance(name), request_id=request_id)
    first = cloud.instances.insert(request=request)
    later(cloud.instances.delete, zone=ZONE, instance=name)
    assert cloud.instances.insert(request=request).name == first.name
    done(first)
    assert of(cloud, name).status == "RUNNING"


def test_many_at_once(cloud, later):
    prefix = new_name("bulk")
    properties = compute_v1.InstanceProperties(
        machine_type="e2-small",
        disks=[AttachedDisk(boot=True, auto_delete=True, initialize_params=AttachedDiskInitializeParams(source_image=IMAGE))],
        network_interfaces=[NetworkInterface(network="global/networks/default")],
        labels={"set": prefix},
    )
    wanted = compute_v1.BulkInsertInstanceResource(count=3, name_pattern=f"{prefix}-##", instance_properties=properties)
    operation = done(cloud.instances.bulk_insert(project=PROJECT, zone=ZONE, bulk_insert_instance_resource_resource=wanted))
    assert operation.operation_type == "bulkInsert"
    request = compute_v1.ListInstancesRequest(project=PROJECT, zone=ZONE, filter=f"labels.set = {prefix}")
    found = list(cloud.instances.list(request=request))
    for each in found:
        later(cloud.instances.delete, zone=ZONE, instance=each.name)
    assert sorted(each.name for each in found) == [f"{prefix}-{number:02}" for number in (1, 2, 3)]
    assert {each.status for each in found} == {"RUNNING"} and {last(each.machine_type) for each in found} == {"e2-small"}
    both = compute_v1.BulkInsertInstanceResource(
        count=2,
        per_instance_properties={f"{prefix}-left": {"name": f"{prefix}-left"}, f"{prefix}-right": {"name": f"{prefix}-right"}},
        instance_properties=properties,
    )
    done(cloud.instances.bulk_insert(project=PROJECT, zone=ZONE, bulk_insert_instance_resource_resource=both))
    for name in (f"{prefix}-left", f"{prefix}-right"):
        later(cloud.instances.delete, zone=ZONE, instance=name)
        assert of(cloud, name).status == "RUNNING"


def test_custom_machine_types(cloud, new_instance):
    assert last(new_instance(machine_type="e2-custom-2-4096").machine_type) == "e2-custom-2-4096"
    custom = cloud.machine_types.get(project=PROJECT, zone=ZONE, machine_type="custom-4-8192")
    assert (custom.guest_cpus, custom.memory_mb) == (4, 8192)
    for wrong in ("custom-3-4096", "custom-2-4000", "custom-2-512", "custom-2-65536"):
        with pytest.raises(exceptions.BadRequest):
            insert(cloud, instance(new_name(), wrong))
            pytest.fail(f"taken: {wrong}")
