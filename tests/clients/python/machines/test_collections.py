"""Every list that google-cloud-compute knows: it reads the answer, or is told that the method is not built."""

import inspect

import pytest
from gce import PROJECT, REGION, ZONE, reason
from google.api_core import exceptions
from google.cloud import compute_v1

WHERE = {"project": PROJECT, "zone": ZONE, "region": REGION}


def snake(kind):
    """`InstanceGroupsClient`: `instance_groups`."""
    name = kind.removesuffix("Client")
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def lists():
    """The lists and aggregated lists that need to be told a project and a place and nothing else."""
    for kind in sorted(name for name in dir(compute_v1) if name.endswith("Client")):
        for method in ("list", "aggregated_list"):
            call = getattr(getattr(compute_v1, kind), method, None)
            fields = set(inspect.signature(call).parameters) - {"self", "request", "retry", "timeout", "metadata"} if call else set()
            if fields and fields <= set(WHERE):
                yield pytest.param(snake(kind), method, {name: WHERE[name] for name in fields}, id=f"{snake(kind)}.{method}")


@pytest.mark.parametrize("collection, method, where", list(lists()))
def test_a_list(cloud, collection, method, where):
    try:
        page = next(iter(getattr(getattr(cloud, collection), method)(**where).pages))
    except exceptions.BadRequest as refused:
        # What is not built says so, and names itself.
        words = collection.split("_")
        camel = words[0] + "".join(word.title() for word in words[1:])
        called = "".join(part.title() if number else part for number, part in enumerate(method.split("_")))
        assert refused.errors[0]["reason"] == "notImplemented" and f"compute.{camel}.{called}" in refused.message
        return
    fields = type(page).pb(page).DESCRIPTOR.fields_by_name
    assert "kind" not in fields or page.kind.startswith("compute#")
    assert "self_link" not in fields or f"/projects/{PROJECT}/" in page.self_link


def test_a_place_that_is_not_there(cloud):
    for call in (
        lambda: cloud.instances.list(project=PROJECT, zone="nowhere-1-a"),
        lambda: cloud.disks.list(project=PROJECT, zone="nowhere-1-a"),
        lambda: cloud.addresses.list(project=PROJECT, region="nowhere-1"),
        lambda: cloud.subnetworks.list(project=PROJECT, region="nowhere-1"),
        lambda: cloud.forwarding_rules.list(project=PROJECT, region="nowhere-1"),
    ):
        with pytest.raises(exceptions.BadRequest, match="Unknown (zone|region)") as refused:
            call()
        assert reason(refused) == "invalid"
