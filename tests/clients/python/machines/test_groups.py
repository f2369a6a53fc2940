"""Templates and groups of instances, autoscalers and reservations with google-cloud-compute."""

import time

import pytest
from gce import IMAGE, PROJECT, REGION, ZONE, done, last, new_name, reason
from google.api_core import exceptions
from google.cloud import compute_v1
from google.cloud.compute_v1 import AttachedDisk, AttachedDiskInitializeParams, InstanceGroupManager, InstanceTemplate

IN_USE = ("resourceInUseByAnotherResource", "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE")


def properties(**more):
    boot = AttachedDisk(boot=True, auto_delete=True, initialize_params=AttachedDiskInitializeParams(source_image=IMAGE))
    nic = compute_v1.NetworkInterface(network="global/networks/default")
    return compute_v1.InstanceProperties(**{"machine_type": "e2-micro", "disks": [boot], "network_interfaces": [nic]} | more)


@pytest.fixture
def new_template(cloud, later):
    """`new_template(labels=...)` makes one with these properties and answers with it as it then reads."""

    def make(**more):
        wanted = InstanceTemplate(name=new_name("tpl"), properties=properties(**more))
        done(cloud.instance_templates.insert(project=PROJECT, instance_template_resource=wanted))
        later(cloud.instance_templates.delete, instance_template=wanted.name)
        return cloud.instance_templates.get(project=PROJECT, instance_template=wanted.name)

    return make


class Manager:
    """A managed group, and what is waited for with it."""

    def __init__(self, cloud, name):
        self.cloud, self.name = cloud, name
        self.where = {"project": PROJECT, "zone": ZONE, "instance_group_manager": name}

    def get(self):
        return self.cloud.instance_group_managers.get(**self.where)

    def call(self, method, **more):
        done(getattr(self.cloud.instance_group_managers, method)(**self.where, **more))

    def members(self):
        return list(self.cloud.instance_group_managers.list_managed_instances(**self.where))

    def names(self):
        return {last(member.instance) for member in self.members()}

    def stable(self, size):
        """Waits until the group has that many instances and nothing to do with them; answers with them."""
        until = time.monotonic() + 60
        while True:
            members = self.members()
            if len(members) == size and self.get().status.is_stable and {member.current_action for member in members} <= {"NONE"}:
                return members
            assert time.monotonic() < until, (self.get(), members)
            time.sleep(0.1)


@pytest.fixture
def new_group(cloud, later):
    def make(template, size, **more):
        wanted = InstanceGroupManager(
            name=new_name("mig"), base_instance_name="m", instance_template=template.self_link, target_size=size, **more
        )
        done(cloud.instance_group_managers.insert(project=PROJECT, zone=ZONE, instance_group_manager_resource=wanted))
        later(cloud.instance_group_managers.delete, zone=ZONE, instance_group_manager=wanted.name)
        return Manager(cloud, wanted.name)

    return make


def test_a_template_and_an_instance_of_it(cloud, new_template, later):
    made = new_template(labels={"env": "dev"}, tags=compute_v1.Tags(items=["web"]), machine_type="e2-small")
    assert made.properties.machine_type == "e2-small" and dict(made.properties.labels) == {"env": "dev"}
    assert made.kind == "compute#instanceTemplate" and list(made.properties.tags.items) == ["web"]
    name = new_name("vm")
    request = compute_v1.InsertInstanceRequest(
        project=PROJECT, zone=ZONE, instance_resource=compute_v1.Instance(name=name), source_instance_template=made.self_link
    )
    done(cloud.instances.insert(request=request))
    later(cloud.instances.delete, zone=ZONE, instance=name)
    copy = cloud.instances.get(project=PROJECT, zone=ZONE, instance=name)
    assert (last(copy.machine_type), dict(copy.labels), list(copy.tags.items)) == ("e2-small", {"env": "dev"}, ["web"])
    request.instance_resource = compute_v1.Instance(name=new_name("vm"), machine_type=f"zones/{ZONE}/machineTypes/e2-medium")
    done(cloud.instances.insert(request=request))
    later(cloud.instances.delete, zone=ZONE, instance=request.instance_resource.name)
    other = cloud.instances.get(project=PROJECT, zone=ZONE, instance=request.instance_resource.name)
    assert last(other.machine_type) == "e2-medium" and dict(other.labels) == {"env": "dev"}


def test_templates_of_a_region_and_templates_that_cannot_be(cloud, later):
    wanted = InstanceTemplate(name=new_name("tpl"), properties=properties())
    done(cloud.region_instance_templates.insert(project=PROJECT, region=REGION, instance_template_resource=wanted))
    later(cloud.region_instance_templates.delete, region=REGION, instance_template=wanted.name)
    made = cloud.region_instance_templates.get(project=PROJECT, region=REGION, instance_template=wanted.name)
    assert last(made.region) == REGION and made.properties.machine_type == "e2-micro"
    for wrong in (InstanceTemplate(name=new_name()), InstanceTemplate(name="Not_A_Name", properties=properties())):
        with pytest.raises(exceptions.BadRequest):
            done(cloud.instance_templates.insert(project=PROJECT, instance_template_resource=wrong))
    with pytest.raises(exceptions.NotFound):
        cloud.instance_templates.get(project=PROJECT, instance_template="none")


def test_a_managed_group_makes_its_instances(cloud, new_template, new_group):
    template = new_template(labels={"env": "dev"})
    group = new_group(template, 3)
    members = group.stable(3)
    assert {member.instance_status for member in members} == {"RUNNING"}
    assert {last(member.version.instance_template) for member in members} == {template.name}
    made = group.get()
    assert (made.target_size, last(made.instance_template), made.base_instance_name) == (3, template.name, "m")
    assert made.current_actions.none == 3 and last(made.instance_group) == group.name and made.fingerprint
    for name in group.names():
        instance = cloud.instances.get(project=PROJECT, zone=ZONE, instance=name)
        assert name.startswith("m-") and dict(instance.labels) == {"env": "dev"}
        assert {"instance-template", "created-by"} <= {item.key for item in instance.metadata.items}
    asked = compute_v1.InstanceGroupsListInstancesRequest(instance_state="RUNNING")
    where = {"project": PROJECT, "zone": ZONE, "instance_group": group.name}
    found = cloud.instance_groups.list_instances(**where, instance_groups_list_instances_request_resource=asked)
    assert {last(each.instance) for each in found} == group.names()
    assert cloud.instance_groups.get(**where).size == 3
    with pytest.raises(exceptions.BadRequest, match=group.name) as used:
        done(cloud.instance_templates.delete(project=PROJECT, instance_template=template.name))
    assert reason(used) in IN_USE


def test_a_managed_group_is_resized(cloud, new_template, new_group):
    group = new_group(new_template(), 1)
    [first] = group.stable(1)
    group.call("resize", size=3)
    assert last(first.instance) in {last(member.instance) for member in group.stable(3)}
    group.call("resize", size=0)
    assert group.stable(0) == [] and group.get().target_size == 0
    with pytest.raises(exceptions.NotFound):
        cloud.instances.get(project=PROJECT, zone=ZONE, instance=last(first.instance))


def test_members_are_recreated_deleted_and_abandoned(cloud, new_template, new_group, later):
    group = new_group(new_template(), 3)
    one, two, three = sorted(group.stable(3), key=lambda member: member.instance)
    request = compute_v1.InstanceGroupManagersRecreateInstancesRequest(instances=[one.instance])
    group.call("recreate_instances", instance_group_managers_recreate_instances_request_resource=request)
    again = {last(member.instance): member.id for member in group.stable(3)}
    assert again[last(one.instance)] != one.id and again[last(two.instance)] == two.id
    request = compute_v1.InstanceGroupManagersDeleteInstancesRequest(instances=[two.instance])
    group.call("delete_instances", instance_group_managers_delete_instances_request_resource=request)
    assert {last(member.instance) for member in group.stable(2)} == {last(one.instance), last(three.instance)}
    assert group.get().target_size == 2
    later(cloud.instances.delete, zone=ZONE, instance=last(three.instance))
    request = compute_v1.InstanceGroupManagersAbandonInstancesRequest(instances=[three.instance])
    group.call("abandon_instances", instance_group_managers_abandon_instances_request_resource=request)
    assert {last(member.instance) for member in group.stable(1)} == {last(one.instance)}
    assert cloud.instances.get(project=PROJECT, zone=ZONE, instance=last(three.instance)).status == "RUNNING"
    wanted = compute_v1.InstanceGroupManagersCreateInstancesRequest(instances=[compute_v1.PerInstanceConfig(name="m-chosen")])
    group.call("create_instances", instance_group_managers_create_instances_request_resource=wanted)
    assert "m-chosen" in {last(member.instance) for member in group.stable(2)} and group.get().target_size == 2


def test_a_member_that_was_deleted_comes_back(cloud, new_template, new_group):
    group = new_group(new_template(), 2)
    before = {last(member.instance): member.id for member in group.stable(2)}
    gone = min(before)
    done(cloud.instances.delete(project=PROJECT, zone=ZONE, instance=gone))
    until = time.monotonic() + 60
    while {last(member.instance): member.id for member in group.members()}.get(gone) in (0, before[gone]):
        assert time.monotonic() < until, group.members()
        time.sleep(0.1)
    group.stable(2)
    assert cloud.instances.get(project=PROJECT, zone=ZONE, instance=gone).status == "RUNNING"


def test_a_new_template_is_rolled_out(cloud, new_template, new_group):
    old, new = new_template(), new_template(machine_type="e2-small")
    group = new_group(old, 2)
    group.stable(2)
    request = compute_v1.InstanceGroupManagersSetInstanceTemplateRequest(instance_template=new.self_link)
    group.call("set_instance_template", instance_group_managers_set_instance_template_request_resource=request)
    assert {last(member.version.instance_template) for member in group.stable(2)} == {old.name}
    request = compute_v1.InstanceGroupManagersApplyUpdatesRequest(all_instances=True, minimal_action="REPLACE")
    group.call("apply_updates_to_instances", instance_group_managers_apply_updates_request_resource=request)
    group.stable(2)
    types = {last(cloud.instances.get(project=PROJECT, zone=ZONE, instance=name).machine_type) for name in group.names()}
    assert types == {"e2-small"}


def test_a_deleted_group_takes_its_instances_along(cloud, new_template, new_group):
    group = new_group(new_template(), 2)
    group.stable(2)
    names = group.names()
    group.call("delete")
    with pytest.raises(exceptions.NotFound):
        group.get()
    for name in names:
        with pytest.raises(exceptions.NotFound):
            cloud.instances.get(project=PROJECT, zone=ZONE, instance=name)


def test_a_group_of_a_region(cloud, new_template, later):
    template = new_template()
    wanted = InstanceGroupManager(name=new_name("mig"), base_instance_name="r", instance_template=template.self_link, target_size=3)
    done(cloud.region_instance_group_managers.insert(project=PROJECT, region=REGION, instance_group_manager_resource=wanted))
    later(cloud.region_instance_group_managers.delete, region=REGION, instance_group_manager=wanted.name)
    where = {"project": PROJECT, "region": REGION, "instance_group_manager": wanted.name}
    until = time.monotonic() + 60
    while not cloud.region_instance_group_managers.get(**where).status.is_stable:
        assert time.monotonic() < until
    members = list(cloud.region_instance_group_managers.list_managed_instances(**where))
    zones = {member.instance.split("/zones/")[1].split("/")[0] for member in members}
    assert len(members) == 3 and len(zones) == 3 and all(zone.startswith(REGION) for zone in zones)
    done(cloud.region_instance_group_managers.resize(**where, size=1))
    assert cloud.region_instance_group_managers.get(**where).target_size == 1


def test_an_unmanaged_group(cloud, new_instance, later):
    one, two = new_instance(), new_instance()
    wanted = compute_v1.InstanceGroup(name=new_name("some"), description="by hand")
    done(cloud.instance_groups.insert(project=PROJECT, zone=ZONE, instance_group_resource=wanted))
    later(cloud.instance_groups.delete, zone=ZONE, instance_group=wanted.name)
    where = {"project": PROJECT, "zone": ZONE, "instance_group": wanted.name}
    references = [compute_v1.InstanceReference(instance=each.self_link) for each in (one, two)]

    def members():
        asked = compute_v1.InstanceGroupsListInstancesRequest(instance_state="ALL")
        found = cloud.instance_groups.list_instances(**where, instance_groups_list_instances_request_resource=asked)
        return {last(each.instance): each.status for each in found}

    request = compute_v1.InstanceGroupsAddInstancesRequest(instances=references)
    done(cloud.instance_groups.add_instances(**where, instance_groups_add_instances_request_resource=request))
    assert members() == {one.name: "RUNNING", two.name: "RUNNING"} and cloud.instance_groups.get(**where).size == 2
    with pytest.raises(exceptions.BadRequest):
        done(cloud.instance_groups.add_instances(**where, instance_groups_add_instances_request_resource=request))
    ports = compute_v1.InstanceGroupsSetNamedPortsRequest(
        fingerprint=cloud.instance_groups.get(**where).fingerprint, named_ports=[compute_v1.NamedPort(name="http", port=80)]
    )
    done(cloud.instance_groups.set_named_ports(**where, instance_groups_set_named_ports_request_resource=ports))
    assert [(port.name, port.port) for port in cloud.instance_groups.get(**where).named_ports] == [("http", 80)]
    request = compute_v1.InstanceGroupsRemoveInstancesRequest(instances=references[:1])
    done(cloud.instance_groups.remove_instances(**where, instance_groups_remove_instances_request_resource=request))
    assert list(members()) == [two.name]
    done(cloud.instances.delete(project=PROJECT, zone=ZONE, instance=two.name))
    assert members() == {}


def test_an_autoscaler_keeps_its_minimum(cloud, new_template, new_group, later):
    group = new_group(new_template(), 1)
    group.stable(1)
    use = compute_v1.AutoscalingPolicyCpuUtilization(utilization_target=0.6)
    policy = compute_v1.AutoscalingPolicy(min_num_replicas=2, max_num_replicas=4, cool_down_period_sec=60, cpu_utilization=use)
    wanted = compute_v1.Autoscaler(name=new_name("scale"), target=group.get().self_link, autoscaling_policy=policy)
    done(cloud.autoscalers.insert(project=PROJECT, zone=ZONE, autoscaler_resource=wanted))
    later(cloud.autoscalers.delete, zone=ZONE, autoscaler=wanted.name)
    made = cloud.autoscalers.get(project=PROJECT, zone=ZONE, autoscaler=wanted.name)
    assert (made.autoscaling_policy.min_num_replicas, made.autoscaling_policy.max_num_replicas) == (2, 4)
    assert last(made.target) == group.name and made.autoscaling_policy.cpu_utilization.utilization_target == 0.6
    group.stable(2)
    patch = compute_v1.Autoscaler(name=wanted.name, autoscaling_policy=compute_v1.AutoscalingPolicy(max_num_replicas=6))
    request = compute_v1.PatchAutoscalerRequest(project=PROJECT, zone=ZONE, autoscaler=wanted.name, autoscaler_resource=patch)
    done(cloud.autoscalers.patch(request=request))
    kept = cloud.autoscalers.get(project=PROJECT, zone=ZONE, autoscaler=wanted.name).autoscaling_policy
    assert (kept.min_num_replicas, kept.max_num_replicas) == (2, 6)
    second = compute_v1.Autoscaler(name=new_name("scale"), target=group.get().self_link, autoscaling_policy=policy)
    with pytest.raises(exceptions.GoogleAPICallError):
        done(cloud.autoscalers.insert(project=PROJECT, zone=ZONE, autoscaler_resource=second))
    with pytest.raises(exceptions.BadRequest):
        wrong = compute_v1.AutoscalingPolicy(min_num_replicas=5, max_num_replicas=4)
        patch = compute_v1.Autoscaler(name=wanted.name, autoscaling_policy=wrong)
        request = compute_v1.PatchAutoscalerRequest(project=PROJECT, zone=ZONE, autoscaler=wanted.name, autoscaler_resource=patch)
        done(cloud.autoscalers.patch(request=request))


def test_a_reservation(cloud, later):
    kind = compute_v1.AllocationSpecificSKUAllocationReservedInstanceProperties(machine_type="e2-standard-2")
    specific = compute_v1.AllocationSpecificSKUReservation(count=2, instance_properties=kind)
    wanted = compute_v1.Reservation(name=new_name("res"), specific_reservation=specific)
    done(cloud.reservations.insert(project=PROJECT, zone=ZONE, reservation_resource=wanted))
    later(cloud.reservations.delete, zone=ZONE, reservation=wanted.name)
    made = cloud.reservations.get(project=PROJECT, zone=ZONE, reservation=wanted.name)
    assert made.status == "READY" and made.specific_reservation.count == 2 and not made.specific_reservation.in_use_count
    request = compute_v1.ReservationsResizeRequest(specific_sku_count=5)
    where = {"project": PROJECT, "zone": ZONE, "reservation": wanted.name}
    done(cloud.reservations.resize(**where, reservations_resize_request_resource=request))
    assert cloud.reservations.get(**where).specific_reservation.count == 5
