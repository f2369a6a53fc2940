"""Lists with google-cloud-compute: filters, order, pages, all zones in one; operations."""

import pytest
import requests
from gce import BASE, PROJECT, REGION, ZONE, done, instance, last, new_name, reason
from google.api_core import exceptions
from google.cloud import compute_v1
from google.cloud.compute_v1 import AggregatedListInstancesRequest, ListInstancesRequest


@pytest.fixture(scope="module")
def five(cloud):
    """The prefix of five instances: 0 to 3 in the zone (even ones with env=dev), 4 in another zone of the region."""
    prefix = new_name("five")
    where = {f"{prefix}-{number}": ZONE if number < 4 else f"{REGION}-b" for number in range(5)}
    for number, (name, zone) in enumerate(where.items()):
        wanted = instance(name, labels={"set": prefix} | ({"env": "dev"} if number % 2 == 0 else {"other": "x"}))
        wanted.machine_type = f"zones/{zone}/machineTypes/{'e2-small' if number == 3 else 'e2-micro'}"
        done(cloud.instances.insert(project=PROJECT, zone=zone, instance_resource=wanted))
    done(cloud.instances.stop(project=PROJECT, zone=ZONE, instance=f"{prefix}-1"))
    yield prefix
    for name, zone in where.items():
        done(cloud.instances.delete(project=PROJECT, zone=zone, instance=name))


@pytest.fixture
def numbers(cloud, five):
    """`numbers(filter)`: the numbers of those of the four in the zone that a filter lets through."""

    def found(expression, **more):
        request = ListInstancesRequest(project=PROJECT, zone=ZONE, filter=expression, **more)
        names = [each.name for each in cloud.instances.list(request=request)]
        return [int(name[len(five) + 1 :]) for name in names if name.startswith(five)]

    return found


def test_filters_compare(numbers, five):
    assert numbers(f"name = {five}-2") == [2]
    assert numbers(f'(name != "{five}-2") (labels.set = {five})') == [0, 1, 3]
    assert numbers("labels.env = dev") == [0, 2]
    assert numbers("status = TERMINATED") == [1]
    assert numbers(f"labels.set={five} AND NOT labels.env=dev") == [1, 3]
    assert numbers(f"(labels.set = {five}) AND (status = RUNNING) AND (labels.env = dev)") == [0, 2]
    assert numbers(f"(name = {five}-0) OR (name = {five}-3)") == [0, 3]
    assert numbers("labels.other:*") == [1, 3]
    assert numbers(f"name:{five}") == [0, 1, 2, 3]
    assert numbers("scheduling.automaticRestart = true") == [0, 1, 2, 3]
    assert numbers("scheduling.automaticRestart = false") == []
    assert numbers(f'creationTimestamp > "2020-01-01T00:00:00Z" AND name = {five}-0') == [0]


def test_filters_by_regular_expression(numbers, five):
    assert numbers(f"name eq '{five}-[02]'") == [0, 2]
    assert numbers(f"name ne '{five}-[02]'") == [1, 3]
    assert numbers(f"name eq '{five}'") == []
    assert numbers("machineType eq .*/e2-small") == [3]
    assert numbers("(labels.env eq dev) (status eq RUNNING)") == [0, 2]


def test_filters_that_cannot_be(cloud):
    for wrong in ("name =", "= x", "(name = x", "name eq '('", "name ~~ x"):
        with pytest.raises(exceptions.BadRequest) as refused:
            list(cloud.instances.list(request=ListInstancesRequest(project=PROJECT, zone=ZONE, filter=wrong)))
            pytest.fail(f"taken: {wrong}")
        assert reason(refused) == "invalid"


def test_order(numbers):
    assert numbers("labels.set:*", order_by="name") == [0, 1, 2, 3]
    assert numbers("labels.set:*", order_by="creationTimestamp desc") == [3, 2, 1, 0]


def test_pages(cloud, five):
    request = ListInstancesRequest(project=PROJECT, zone=ZONE, filter=f"labels.set = {five}", max_results=3)
    pages = list(cloud.instances.list(request=request).pages)
    assert [len(page.items) for page in pages] == [3, 1] and pages[0].next_page_token and not pages[1].next_page_token
    assert [each.name for page in pages for each in page.items] == [f"{five}-{number}" for number in range(4)]
    assert pages[0].id == f"projects/{PROJECT}/zones/{ZONE}/instances" and pages[0].kind == "compute#instanceList"
    one = ListInstancesRequest(project=PROJECT, zone=ZONE, filter=f"labels.set = {five}", max_results=1)
    assert len(list(cloud.instances.list(request=one))) == 4
    for wrong in ({"max_results": 501}, {"page_token": "no-token"}, {"order_by": "color"}):
        with pytest.raises(exceptions.BadRequest):
            list(cloud.instances.list(request=ListInstancesRequest(project=PROJECT, zone=ZONE, **wrong)))
            pytest.fail(f"taken: {wrong}")


def test_all_zones_in_one(cloud, five):
    request = AggregatedListInstancesRequest(project=PROJECT, filter=f"labels.set = {five}")
    found = dict(cloud.instances.aggregated_list(request=request))
    assert [each.name for each in found[f"zones/{ZONE}"].instances] == [f"{five}-{number}" for number in range(4)]
    assert [each.name for each in found[f"zones/{REGION}-b"].instances] == [f"{five}-4"]
    empty = found[f"zones/{REGION}-c"]
    assert not empty.instances and empty.warning.code == "NO_RESULTS_ON_PAGE"
    request = AggregatedListInstancesRequest(project=PROJECT, filter=f"labels.set = {five}", max_results=2)
    pages = list(cloud.instances.aggregated_list(request=request).pages)
    counts = [sum(len(scope.instances) for scope in page.items.values()) for page in pages]
    assert sum(counts) == 5 and max(counts) <= 2


def test_a_list_that_may_be_partial_is_whole(five):
    """Older libraries and gcloud send the parameter; this one no longer has it."""
    asked = {"filter": f"labels.set = {five}", "returnPartialSuccess": "true"}
    zone = requests.get(f"{BASE}/compute/v1/projects/{PROJECT}/zones/{ZONE}/instances", params=asked, timeout=30).json()
    assert [each["name"] for each in zone["items"]] == [f"{five}-{number}" for number in range(4)]
    scopes = requests.get(f"{BASE}/compute/v1/projects/{PROJECT}/aggregated/instances", params=asked, timeout=30).json()
    assert [each["name"] for each in scopes["items"][f"zones/{REGION}-b"]["instances"]] == [f"{five}-4"] and "unreachables" not in scopes


def test_an_operation(cloud, later):
    name = new_name("disk")
    operation = cloud.disks.insert(project=PROJECT, zone=ZONE, disk_resource=compute_v1.Disk(name=name, size_gb=10))
    assert operation.name.startswith("operation-") and operation.operation_type == "insert"
    assert operation.result(timeout=60) is None and operation.done() and operation.exception() is None
    later(cloud.disks.delete, zone=ZONE, disk=name)
    got = cloud.zone_operations.get(project=PROJECT, zone=ZONE, operation=operation.name)
    assert (got.status, got.progress, got.kind, last(got.zone)) == (compute_v1.Operation.Status.DONE, 100, "compute#operation", ZONE)
    assert got.insert_time <= got.start_time <= got.end_time and last(got.target_link) == name
    assert got.target_id == cloud.disks.get(project=PROJECT, zone=ZONE, disk=name).id
    assert cloud.zone_operations.wait(project=PROJECT, zone=ZONE, operation=operation.name).status == got.status
    request = compute_v1.ListZoneOperationsRequest(project=PROJECT, zone=ZONE, filter=f"targetId = {got.target_id}")
    assert [each.name for each in cloud.zone_operations.list(request=request)] == [operation.name]
    request = compute_v1.AggregatedListGlobalOperationsRequest(project=PROJECT, filter=f"name = {operation.name}")
    everywhere = dict(cloud.global_operations.aggregated_list(request=request))[f"zones/{ZONE}"].operations
    assert [each.id for each in everywhere] == [got.id]
    # The API answers 204 without a body, which the library's own `delete` cannot read.
    assert requests.delete(got.self_link, timeout=30).status_code == 204
    with pytest.raises(exceptions.NotFound):
        cloud.zone_operations.get(project=PROJECT, zone=ZONE, operation=operation.name)


def test_operations_of_other_scopes(cloud, later):
    name = new_name("a")
    regional = cloud.addresses.insert(project=PROJECT, region=REGION, address_resource=compute_v1.Address(name=name))
    assert cloud.region_operations.wait(project=PROJECT, region=REGION, operation=regional.name).status.name == "DONE"
    later(cloud.addresses.delete, region=REGION, address=name)
    everywhere = cloud.global_addresses.insert(project=PROJECT, address_resource=compute_v1.Address(name=name))
    assert cloud.global_operations.wait(project=PROJECT, operation=everywhere.name).status.name == "DONE"
    later(cloud.global_addresses.delete, address=name)
    with pytest.raises(exceptions.NotFound):
        cloud.global_operations.get(project=PROJECT, operation="operation-none")


def test_places_and_what_they_offer(cloud):
    region = cloud.regions.get(project=PROJECT, region=REGION)
    assert region.status == "UP" and f"{REGION}-a" in [last(zone) for zone in region.zones]
    quotas = {quota.metric: quota for quota in region.quotas}
    assert quotas["CPUS"].limit > 0 and quotas["CPUS"].usage <= quotas["CPUS"].limit
    zone = cloud.zones.get(project=PROJECT, zone=ZONE)
    assert zone.status == "UP" and last(zone.region) == REGION
    with pytest.raises(exceptions.NotFound):
        cloud.zones.get(project=PROJECT, zone="nowhere-1-a")
    kind = cloud.machine_types.get(project=PROJECT, zone=ZONE, machine_type="e2-standard-4")
    assert (kind.guest_cpus, kind.memory_mb, kind.is_shared_cpu) == (4, 16384, False)
    request = compute_v1.ListMachineTypesRequest(project=PROJECT, zone=ZONE, filter="guestCpus = 96")
    assert {each.guest_cpus for each in cloud.machine_types.list(request=request)} == {96}
    assert {"pd-standard", "pd-balanced", "pd-ssd"} <= {each.name for each in cloud.disk_types.list(project=PROJECT, zone=ZONE)}
    assert cloud.accelerator_types.list(project=PROJECT, zone=ZONE).items
    request = compute_v1.AggregatedListMachineTypesRequest(project=PROJECT, filter="name = e2-micro")
    everywhere = {zone for zone, found in cloud.machine_types.aggregated_list(request=request) if found.machine_types}
    assert everywhere == {f"zones/{each.name}" for each in cloud.zones.list(project=PROJECT)}
    image = cloud.images.get_from_family(project="debian-cloud", family="debian-12")
    assert image.family == "debian-12" and image.status == "READY" and image.disk_size_gb == 10


def test_usage_counts(cloud, new_instance):
    def used(metric):
        return {quota.metric: quota.usage for quota in cloud.regions.get(project=PROJECT, region=REGION).quotas}[metric]

    before = used("INSTANCES")
    new_instance()
    assert used("INSTANCES") == before + 1
