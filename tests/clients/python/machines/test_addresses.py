"""Addresses and routers with google-cloud-compute."""

import ipaddress

import pytest
from gce import PROJECT, REGION, ZONE, done, last, new_name, reason
from google.api_core import exceptions
from google.cloud import compute_v1
from google.cloud.compute_v1 import Address, Router, RouterBgp, RouterNat

IN_USE = ("resourceInUseByAnotherResource", "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE")


@pytest.fixture
def new_address(cloud, later):
    """`new_address(address_type=...)` reserves one and answers with it as it then reads."""

    def make(**more):
        wanted = Address(name=new_name("a"), **more)
        done(cloud.addresses.insert(project=PROJECT, region=REGION, address_resource=wanted))
        later(cloud.addresses.delete, region=REGION, address=wanted.name)
        return cloud.addresses.get(project=PROJECT, region=REGION, address=wanted.name)

    return make


def link(subnetwork):
    return f"projects/{PROJECT}/regions/{REGION}/subnetworks/{subnetwork}"


def test_an_external_address(cloud, new_address):
    made = new_address(description="front door")
    assert (made.kind, made.address_type, made.network_tier, made.status) == ("compute#address", "EXTERNAL", "PREMIUM", "RESERVED")
    assert ipaddress.IPv4Address(made.address) and last(made.region) == REGION and not made.users and made.description == "front door"
    assert new_address().address != made.address
    found = dict(cloud.addresses.aggregated_list(project=PROJECT))[f"regions/{REGION}"].addresses
    assert made.name in [each.name for each in found]


def test_a_global_address(cloud, later):
    name = new_name("any")
    done(cloud.global_addresses.insert(project=PROJECT, address_resource=Address(name=name, ip_version="IPV4")))
    later(cloud.global_addresses.delete, address=name)
    made = cloud.global_addresses.get(project=PROJECT, address=name)
    assert made.status == "RESERVED" and ipaddress.IPv4Address(made.address) and not made.region
    assert name in [found.name for found in cloud.global_addresses.list(project=PROJECT)]
    everywhere = dict(cloud.addresses.aggregated_list(project=PROJECT))["global"].addresses
    assert name in [found.name for found in everywhere]


def test_an_internal_address_is_of_its_subnetwork(cloud, new_address, subnetwork):
    made = new_address(address_type="INTERNAL", subnetwork=link(subnetwork), address="10.20.0.10")
    assert (made.address, made.purpose, made.status) == ("10.20.0.10", "GCE_ENDPOINT", "RESERVED")
    assert last(made.subnetwork) == subnetwork
    given = new_address(address_type="INTERNAL", subnetwork=link(subnetwork)).address
    assert ipaddress.ip_address(given) in ipaddress.ip_network("10.20.0.0/24") and given not in ("10.20.0.0", "10.20.0.1", "10.20.0.10")
    for wrong in ("10.20.0.10", "10.99.0.10", "10.20.0.0", "10.20.0.1", "10.20.0.254", "10.20.0.255", "none"):
        with pytest.raises((exceptions.BadRequest, exceptions.Conflict)):
            new_address(address_type="INTERNAL", subnetwork=link(subnetwork), address=wrong)
            pytest.fail(f"taken: {wrong}")
    with pytest.raises(exceptions.BadRequest, match="/addresses/a-"):
        done(cloud.subnetworks.delete(project=PROJECT, region=REGION, subnetwork=subnetwork))


def test_labels_of_an_address(cloud, new_address):
    made = new_address(labels={"env": "dev"})
    request = compute_v1.RegionSetLabelsRequest(label_fingerprint=made.label_fingerprint, labels={"env": "live", "team": "net"})
    where = {"project": PROJECT, "region": REGION, "resource": made.name, "region_set_labels_request_resource": request}
    done(cloud.addresses.set_labels(**where))
    assert dict(cloud.addresses.get(project=PROJECT, region=REGION, address=made.name).labels) == {"env": "live", "team": "net"}
    with pytest.raises(exceptions.PreconditionFailed) as stale:
        cloud.addresses.set_labels(**where)
    assert reason(stale) == "conditionNotMet"


def test_f11_an_address_in_use_stays(cloud, new_address, new_instance, subnetwork):
    inside = new_address(address_type="INTERNAL", subnetwork=link(subnetwork), address="10.20.0.20")
    outside = new_address()
    access = compute_v1.AccessConfig(name="External NAT", type_="ONE_TO_ONE_NAT", nat_i_p=outside.address)
    interface = compute_v1.NetworkInterface(subnetwork=link(subnetwork), network_i_p=inside.address, access_configs=[access])
    made = new_instance(network_interfaces=[interface])
    assert made.network_interfaces[0].network_i_p == "10.20.0.20"
    assert made.network_interfaces[0].access_configs[0].nat_i_p == outside.address
    for each in (inside, outside):
        used = cloud.addresses.get(project=PROJECT, region=REGION, address=each.name)
        assert used.status == "IN_USE" and [last(user) for user in used.users] == [made.name]
        with pytest.raises(exceptions.BadRequest, match=made.name) as refused:
            done(cloud.addresses.delete(project=PROJECT, region=REGION, address=each.name))
        assert reason(refused) in IN_USE
    done(cloud.instances.delete(project=PROJECT, zone=ZONE, instance=made.name))
    freed = cloud.addresses.get(project=PROJECT, region=REGION, address=inside.name)
    assert freed.status == "RESERVED" and not freed.users and freed.address == "10.20.0.20"


@pytest.fixture
def router(cloud, later, subnetwork):
    """The name of a router in the network of `subnetwork`, which has the same name."""
    wanted = Router(name=new_name("router"), network=f"global/networks/{subnetwork}", bgp=RouterBgp(asn=64512))
    done(cloud.routers.insert(project=PROJECT, region=REGION, router_resource=wanted))
    later(cloud.routers.delete, region=REGION, router=wanted.name)
    return wanted.name


def router_of(cloud, router):
    return cloud.routers.get(project=PROJECT, region=REGION, router=router)


def without_nat(cloud, router):
    """An update, since the library leaves empty lists out of a patch."""
    now = router_of(cloud, router)
    whole = Router(name=router, network=now.network, bgp=RouterBgp(asn=now.bgp.asn))
    done(cloud.routers.update(project=PROJECT, region=REGION, router=router, router_resource=whole))
    return router_of(cloud, router)


def patch_router(cloud, router, **fields):
    done(cloud.routers.patch(project=PROJECT, region=REGION, router=router, router_resource=Router(**fields)))
    return router_of(cloud, router)


def test_a_router_and_its_nat(cloud, router, subnetwork):
    made = router_of(cloud, router)
    assert (made.kind, made.bgp.asn, made.bgp.advertise_mode, last(made.network)) == ("compute#router", 64512, "DEFAULT", subnetwork)
    nat = RouterNat(name="out", nat_ip_allocate_option="AUTO_ONLY", source_subnetwork_ip_ranges_to_nat="ALL_SUBNETWORKS_ALL_IP_RANGES")
    patched = patch_router(cloud, router, nats=[nat])
    assert [(each.name, each.nat_ip_allocate_option) for each in patched.nats] == [("out", "AUTO_ONLY")] and patched.bgp.asn == 64512
    # Documented defaults of a gateway.
    assert patched.nats[0].enable_endpoint_independent_mapping in (False, None) and patched.nats[0].udp_idle_timeout_sec in (0, 30)
    status = cloud.routers.get_router_status(project=PROJECT, region=REGION, router=router)
    assert last(status.result.network) == subnetwork and [each.name for each in status.result.nat_status] == ["out"]
    assert list(cloud.routers.get_nat_mapping_info(project=PROJECT, region=REGION, router=router)) == []
    shown = cloud.routers.preview(project=PROJECT, region=REGION, router=router, router_resource=Router(bgp=RouterBgp(asn=64513)))
    assert shown.resource.bgp.asn == 64513 and router_of(cloud, router).bgp.asn == 64512
    assert not without_nat(cloud, router).nats
    found = dict(cloud.routers.aggregated_list(project=PROJECT))[f"regions/{REGION}"].routers
    assert router in [each.name for each in found]


def test_a_nat_of_chosen_subnetworks(cloud, router, subnetwork, new_address):
    address = new_address()
    chosen = compute_v1.RouterNatSubnetworkToNat(name=link(subnetwork), source_ip_ranges_to_nat=["PRIMARY_IP_RANGE"])
    nat = RouterNat(
        name="out",
        nat_ip_allocate_option="MANUAL_ONLY",
        nat_ips=[address.self_link],
        source_subnetwork_ip_ranges_to_nat="LIST_OF_SUBNETWORKS",
        subnetworks=[chosen],
        min_ports_per_vm=128,
        log_config=compute_v1.RouterNatLogConfig(enable=True, filter="ERRORS_ONLY"),
    )
    [kept] = patch_router(cloud, router, nats=[nat]).nats
    assert kept.min_ports_per_vm == 128 and kept.log_config.filter == "ERRORS_ONLY" and last(kept.nat_ips[0]) == address.name
    assert last(kept.subnetworks[0].name) == subnetwork and list(kept.subnetworks[0].source_ip_ranges_to_nat) == ["PRIMARY_IP_RANGE"]
    with pytest.raises(exceptions.BadRequest):
        done(cloud.addresses.delete(project=PROJECT, region=REGION, address=address.name))
    without_nat(cloud, router)


def test_routers_that_cannot_be(cloud, router, subnetwork):
    wrong = RouterNat(name="out", nat_ip_allocate_option="SOMETIMES", source_subnetwork_ip_ranges_to_nat="ALL_SUBNETWORKS_ALL_IP_RANGES")
    with pytest.raises(exceptions.BadRequest):
        patch_router(cloud, router, nats=[wrong])
    with pytest.raises(exceptions.NotFound, match="none"):
        lost = Router(name=new_name(), network="global/networks/none")
        done(cloud.routers.insert(project=PROJECT, region=REGION, router_resource=lost))
    with pytest.raises(exceptions.BadRequest) as used:
        done(cloud.networks.delete(project=PROJECT, network=subnetwork))
    assert reason(used) in IN_USE
