"""Clients of Compute Engine, and resources that go again with the test that made them."""

import pathlib
import sys

import pytest
from gce import PROJECT, REGION, ZONE, Cloud, done, instance, new_name, word
from google.api_core import exceptions
from google.cloud import compute_v1


# What the tests below `required` share with those of other services.
sys.path.append(str(pathlib.Path(__file__).parents[1] / "required"))


def pytest_configure(config):
    config.addinivalue_line("markers", "containers: needs machines that are containers (FOGBANK_TEST_MACHINE)")


@pytest.fixture(scope="session")
def cloud():
    return Cloud()


@pytest.fixture
def later():
    """`later(delete, **request)` calls `delete` after the test, last made first gone, and is content if it is gone already."""
    calls = []

    yield lambda call, **request: calls.append((call, request))
    for call, request in reversed(calls):
        try:
            done(call(project=PROJECT, **request))
        except exceptions.NotFound:
            continue


@pytest.fixture
def network(cloud, later):
    """The name of a network without subnetworks."""
    name = new_name("net")
    done(cloud.networks.insert(project=PROJECT, network_resource=compute_v1.Network(name=name, auto_create_subnetworks=False)))
    later(cloud.networks.delete, network=name)
    return name


@pytest.fixture
def subnetwork(cloud, later, network):
    """The name of the network's subnetwork, 10.20.0.0/24 in the region."""
    wanted = compute_v1.Subnetwork(name=network, network=f"global/networks/{network}", ip_cidr_range="10.20.0.0/24")
    done(cloud.subnetworks.insert(project=PROJECT, region=REGION, subnetwork_resource=wanted))
    later(cloud.subnetworks.delete, region=REGION, subnetwork=network)
    return network


@pytest.fixture
def new_instance(cloud, later):
    """`new_instance(labels=...)` makes one and answers with it as it then reads."""

    def make(name=None, **more):
        wanted = instance(name or new_name("vm"), **more)
        done(cloud.instances.insert(project=PROJECT, zone=ZONE, instance_resource=wanted))
        later(cloud.instances.delete, zone=ZONE, instance=wanted.name)
        return cloud.instances.get(project=PROJECT, zone=ZONE, instance=wanted.name)

    return make


@pytest.fixture
def new_disk(cloud, later):
    """`new_disk(size_gb=20)` makes one and answers with it as it then reads."""

    def make(name=None, **more):
        wanted = compute_v1.Disk(name=name or new_name("disk"), **more)
        done(cloud.disks.insert(project=PROJECT, zone=ZONE, disk_resource=wanted))
        later(cloud.disks.delete, zone=ZONE, disk=wanted.name)
        return cloud.disks.get(project=PROJECT, zone=ZONE, disk=wanted.name)

    return make


@pytest.fixture
def kept(cloud, later):
    """`kept("url_maps", UrlMap(...), region=...)` makes a resource of a collection and answers with it as it then reads."""

    def make(collection, resource, **scope):
        client = getattr(cloud, collection)
        key = word(client)
        done(client.insert(project=PROJECT, **scope, **{f"{key}_resource": resource}))
        later(client.delete, **scope, **{key: resource.name})
        return client.get(project=PROJECT, **scope, **{key: resource.name})

    return make
