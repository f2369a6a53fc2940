"""Networks, subnetworks, firewall rules, addresses and routes with Libcloud's driver."""

import ipaddress

import pytest
from gce import new_name
from libcloud.common.google import InvalidRequestError, ResourceExistsError, ResourceInUseError, ResourceNotFoundError


@pytest.fixture
def network(driver, destroy_later):
    return destroy_later(
        driver.ex_create_network(new_name("net"), cidr=None, mode="custom", description="for tests", routing_mode="global")
    )


@pytest.fixture
def subnetwork(driver, destroy_later, network):
    ranges = [{"rangeName": "pods", "ipCidrRange": "10.44.0.0/20"}]
    name = new_name("sub")
    return destroy_later(
        driver.ex_create_subnetwork(name, "10.40.0.0/24", network.name, "us-central1", privateipgoogleaccess=True, secondaryipranges=ranges)
    )


def test_networks(driver, network):
    assert network.extra["mode"] == "custom" and network.extra["description"] == "for tests"
    assert network.extra["routingConfig"]["routingMode"] == "GLOBAL" and int(network.id) > 0
    assert network.extra["selfLink"] == f"https://www.googleapis.com/compute/v1/projects/{driver.project}/global/networks/{network.name}"
    assert network.name in [found.name for found in driver.ex_list_networks()]
    with pytest.raises(ResourceExistsError):
        driver.ex_create_network(network.name, cidr=None, mode="custom")
    with pytest.raises(ResourceNotFoundError):
        driver.ex_get_network(new_name("none"))
    assert driver.ex_destroy_network(network)
    with pytest.raises(ResourceNotFoundError):
        driver.ex_get_network(network.name)


def test_an_auto_network(driver, destroy_later):
    made = destroy_later(driver.ex_create_network(new_name("auto"), cidr=None, mode="auto"))
    assert made.extra["mode"] == "auto" and len(made.extra["subnetworks"]) == len(driver.ex_list_regions())
    assert all(link.endswith(f"/subnetworks/{made.name}") for link in made.subnetworks)


def test_subnetworks(driver, network, subnetwork):
    assert (subnetwork.cidr, subnetwork.network.name, subnetwork.region.name) == ("10.40.0.0/24", network.name, "us-central1")
    assert subnetwork.extra["gatewayAddress"] == "10.40.0.1" and subnetwork.extra["privateIpGoogleAccess"]
    assert [found["rangeName"] for found in subnetwork.extra["secondaryIpRanges"]] == ["pods"]
    assert subnetwork.name in [found.name for found in driver.ex_list_subnetworks("us-central1")]
    assert subnetwork.name in [found.name for found in driver.ex_list_subnetworks("all")]
    assert driver.ex_get_subnetwork(subnetwork.extra["selfLink"]).id == subnetwork.id
    with pytest.raises(InvalidRequestError, match="10.40.0.0/25"):
        driver.ex_create_subnetwork(new_name("sub"), "10.40.0.0/25", network.name, "us-central1")
    with pytest.raises((InvalidRequestError, ResourceInUseError), match=subnetwork.name):
        driver.ex_destroy_network(network)


def test_firewall_rules(driver, destroy_later, network):
    allowed = [{"IPProtocol": "tcp", "ports": ["80", "8000-8080"]}, {"IPProtocol": "icmp"}]
    rule = destroy_later(
        driver.ex_create_firewall(new_name("web"), allowed, network=network, source_tags=["lb"], target_tags=["web"], priority=900)
    )
    assert (rule.network.name, rule.priority, rule.direction) == (network.name, 900, "INGRESS")
    assert rule.allowed == allowed and rule.source_tags == ["lb"] and rule.target_tags == ["web"]
    rule.source_ranges, rule.source_tags = ["10.0.0.0/8"], []
    assert rule.update()
    changed = driver.ex_get_firewall(rule.name)
    assert changed.source_ranges == ["10.0.0.0/8"] and not changed.source_tags and changed.target_tags == ["web"]
    way = {"direction": "EGRESS", "source_ranges": [], "target_ranges": ["10.9.0.0/16"]}
    out = destroy_later(driver.ex_create_firewall(new_name("out"), denied=[{"IPProtocol": "all"}], network=network.name, **way))
    assert (out.direction, out.denied) == ("EGRESS", [{"IPProtocol": "all"}])
    assert {rule.name, out.name} <= {found.name for found in driver.ex_list_firewalls()}
    assert driver.ex_destroy_firewall(out)
    with pytest.raises(ResourceNotFoundError):
        driver.ex_get_firewall(out.name)
    with pytest.raises(InvalidRequestError):
        driver.ex_create_firewall(new_name("odd"), [{"IPProtocol": "tcp", "ports": ["99999"]}], network=network)


def test_addresses(driver, destroy_later):
    outside = destroy_later(driver.ex_create_address(new_name("out"), region="us-central1", description="door"))
    assert ipaddress.ip_address(outside.address) and outside.region.name == "us-central1"
    assert (outside.extra["status"], outside.extra["description"]) == ("RESERVED", "door")
    # The driver looks up a subnetwork that it is given and then leaves it out: the address is one of the default network's.
    inside = destroy_later(driver.ex_create_address(new_name("in"), "us-central1", "10.128.15.9", address_type="INTERNAL"))
    assert inside.address == "10.128.15.9"
    everywhere = destroy_later(driver.ex_create_address(new_name("any"), region="global"))
    assert everywhere.region == "global" and driver.ex_get_address(everywhere.name, region="global").id == everywhere.id
    assert {outside.name, inside.name} <= {found.name for found in driver.ex_list_addresses("us-central1")}
    assert {outside.name, everywhere.name} <= {found.name for found in driver.ex_list_addresses("all")}
    assert outside.destroy()
    with pytest.raises(ResourceNotFoundError):
        driver.ex_get_address(outside.name, region="us-central1")


def test_routes(driver, destroy_later, network, subnetwork):
    route = destroy_later(
        driver.ex_create_route(new_name("r"), "10.50.0.0/16", priority=700, network=network, tags=["far"], description="away")
    )
    assert (route.dest_range, route.priority, route.tags) == ("10.50.0.0/16", 700, ["far"])
    assert route.extra["nextHopGateway"].endswith("/global/gateways/default-internet-gateway") and route.network.endswith(network.name)
    hop = destroy_later(driver.ex_create_route(new_name("r"), "10.51.0.0/16", network=network, next_hop="10.40.0.7"))
    assert (hop.extra["nextHopIp"], hop.priority) == ("10.40.0.7", 500)
    assert {route.name, hop.name} <= {found.name for found in driver.ex_list_routes()}
    assert driver.ex_get_route(route.name).id == route.id and driver.ex_destroy_route(route)
    with pytest.raises(ResourceNotFoundError):
        driver.ex_get_route(route.name)


def test_a_route_to_an_instance(driver, destroy_later, network, subnetwork, new_node):
    node = new_node(ex_network=network, ex_subnetwork=subnetwork, ex_can_ip_forward=True)
    route = destroy_later(driver.ex_create_route(new_name("r"), "10.52.0.0/16", network=network, next_hop=node))
    assert route.extra["nextHopInstance"].endswith(f"/zones/us-central1-a/instances/{node.name}")
