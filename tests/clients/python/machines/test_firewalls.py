"""Firewall rules and routes with google-cloud-compute."""

import pytest
from gce import PROJECT, done, last, new_name, reason
from google.api_core import exceptions
from google.cloud import compute_v1
from google.cloud.compute_v1 import Allowed, Denied, Firewall, Route

GATEWAY = f"projects/{PROJECT}/global/gateways/default-internet-gateway"


@pytest.fixture
def new_rule(cloud, network, later):
    """`new_rule(allowed=[...])` makes a rule in the network and answers with it as it then reads."""

    def make(**more):
        wanted = Firewall(name=new_name("rule"), **{"network": f"global/networks/{network}"} | more)
        done(cloud.firewalls.insert(project=PROJECT, firewall_resource=wanted))
        later(cloud.firewalls.delete, firewall=wanted.name)
        return cloud.firewalls.get(project=PROJECT, firewall=wanted.name)

    return make


def test_what_a_rule_is_without_being_told(new_rule, network):
    made = new_rule(allowed=[Allowed(I_p_protocol="tcp", ports=["80", "8000-8080"])])
    assert (made.kind, made.direction, made.priority, made.disabled) == ("compute#firewall", "INGRESS", 1000, False)
    assert list(made.source_ranges) == ["0.0.0.0/0"] and last(made.network) == network and made.log_config.enable is False
    assert [(rule.I_p_protocol, list(rule.ports)) for rule in made.allowed] == [("tcp", ["80", "8000-8080"])]


def test_a_patch_changes_what_it_names(cloud, new_rule):
    made = new_rule(allowed=[Allowed(I_p_protocol="tcp", ports=["80"])], target_tags=["web"], description="pages", priority=900)
    patch = Firewall(source_ranges=["10.0.0.0/8"], disabled=True, log_config=compute_v1.FirewallLogConfig(enable=True))
    done(cloud.firewalls.patch(project=PROJECT, firewall=made.name, firewall_resource=patch))
    patched = cloud.firewalls.get(project=PROJECT, firewall=made.name)
    assert list(patched.source_ranges) == ["10.0.0.0/8"] and patched.disabled and patched.log_config.enable
    assert (patched.description, patched.priority, list(patched.target_tags)) == ("pages", 900, ["web"])
    assert [list(rule.ports) for rule in patched.allowed] == [["80"]] and patched.id == made.id


def test_an_update_sets_all(cloud, new_rule, network):
    made = new_rule(allowed=[Allowed(I_p_protocol="tcp", ports=["80"])], target_tags=["web"], description="pages", priority=900)
    whole = Firewall(name=made.name, network=f"global/networks/{network}", allowed=[Allowed(I_p_protocol="icmp")])
    done(cloud.firewalls.update(project=PROJECT, firewall=made.name, firewall_resource=whole))
    updated = cloud.firewalls.get(project=PROJECT, firewall=made.name)
    assert [rule.I_p_protocol for rule in updated.allowed] == ["icmp"] and not updated.target_tags and not updated.description
    assert updated.priority == 1000 and updated.id == made.id


def test_rules_of_the_way_out(cloud, new_rule, network):
    made = new_rule(direction="EGRESS", denied=[Denied(I_p_protocol="all")], destination_ranges=["10.9.0.0/16"], priority=0)
    assert (made.direction, made.priority, list(made.destination_ranges)) == ("EGRESS", 0, ["10.9.0.0/16"])
    request = compute_v1.ListFirewallsRequest(project=PROJECT, filter=f'(direction = "EGRESS") (network = "{made.network}")')
    assert [found.name for found in cloud.firewalls.list(request=request)] == [made.name]
    request = compute_v1.ListFirewallsRequest(project=PROJECT, filter=f'network eq ".*/{network}"')
    assert [found.name for found in cloud.firewalls.list(request=request)] == [made.name]


def test_rules_of_service_accounts(new_rule):
    account = f"robot@{PROJECT}.iam.gserviceaccount.com"
    made = new_rule(
        allowed=[Allowed(I_p_protocol="udp", ports=["53"])], source_service_accounts=[account], target_service_accounts=[account]
    )
    assert list(made.source_service_accounts) == list(made.target_service_accounts) == [account]


def test_f22_rules_that_cannot_be(cloud, network):
    tcp = Allowed(I_p_protocol="tcp", ports=["22"])
    before = {found.name for found in cloud.firewalls.list(project=PROJECT)}
    for wrong in (
        {"allowed": [Allowed(I_p_protocol="tcp", ports=["99999"])]},
        {"allowed": [Allowed(I_p_protocol="tcp", ports=["80-22"])]},
        {"allowed": [Allowed(I_p_protocol="icmp", ports=["8"])]},
        {"allowed": [Allowed(I_p_protocol="carrier-pigeon")]},
        {"allowed": [tcp], "denied": [Denied(I_p_protocol="udp")]},
        {},
        {"allowed": [tcp], "source_ranges": ["10.0.0.0/33"]},
        {"allowed": [tcp], "priority": 65536},
        {"allowed": [tcp], "direction": "EGRESS", "source_tags": ["a"]},
        {"allowed": [tcp], "direction": "SIDEWAYS"},
        {"allowed": [tcp], "source_tags": ["a"], "source_service_accounts": ["a@b.example"]},
        {"allowed": [tcp], "target_tags": ["a"], "target_service_accounts": ["a@b.example"]},
        {"allowed": [tcp], "target_tags": ["Not_A_Tag"]},
    ):
        with pytest.raises(exceptions.BadRequest):
            done(
                cloud.firewalls.insert(
                    project=PROJECT, firewall_resource=Firewall(name=new_name(), network=f"global/networks/{network}", **wrong)
                )
            )
            pytest.fail(f"taken: {wrong}")
    lost = Firewall(name=new_name(), network="global/networks/none", allowed=[tcp])
    with pytest.raises(exceptions.NotFound, match="none"):
        done(cloud.firewalls.insert(project=PROJECT, firewall_resource=lost))
    assert {found.name for found in cloud.firewalls.list(project=PROJECT)} == before


def test_a_network_and_its_rules_in_force(cloud, new_rule, network):
    made = new_rule(allowed=[Allowed(I_p_protocol="tcp")])
    effective = cloud.networks.get_effective_firewalls(project=PROJECT, network=network)
    assert [rule.name for rule in effective.firewalls] == [made.name]
    with pytest.raises(exceptions.BadRequest, match=made.name) as used:
        done(cloud.networks.delete(project=PROJECT, network=network))
    assert reason(used) in ("resourceInUseByAnotherResource", "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE")


def test_default_rules_of_a_project(cloud):
    rules = {rule.name: rule for rule in cloud.firewalls.list(project=PROJECT)}
    assert list(rules["default-allow-ssh"].allowed[0].ports) == ["22"] and rules["default-allow-ssh"].priority == 65534
    assert list(rules["default-allow-internal"].source_ranges) == ["10.128.0.0/9"]


def routes_of(cloud, network):
    return {route.name: route for route in cloud.routes.list(project=PROJECT) if last(route.network) == network}


def test_routes_that_a_network_has_by_itself(cloud, subnetwork):
    routes = routes_of(cloud, subnetwork)
    out = [route for route in routes.values() if route.dest_range == "0.0.0.0/0"]
    assert [(last(route.next_hop_gateway), route.priority) for route in out] == [("default-internet-gateway", 1000)]
    inside = [route for route in routes.values() if route.dest_range == "10.20.0.0/24"]
    assert [last(route.next_hop_network) for route in inside] == [subnetwork]
    with pytest.raises(exceptions.BadRequest):
        done(cloud.routes.delete(project=PROJECT, route=inside[0].name))


def test_routes_of_ones_own(cloud, subnetwork, later):
    name = new_name("route")
    wanted = Route(
        name=name,
        network=f"global/networks/{subnetwork}",
        dest_range="10.50.0.0/16",
        next_hop_gateway=GATEWAY,
        priority=800,
        tags=["far"],
        description="far away",
    )
    done(cloud.routes.insert(project=PROJECT, route_resource=wanted))
    later(cloud.routes.delete, route=name)
    made = cloud.routes.get(project=PROJECT, route=name)
    assert (made.kind, made.dest_range, made.priority, list(made.tags)) == ("compute#route", "10.50.0.0/16", 800, ["far"])
    assert made.description == "far away" and last(made.next_hop_gateway) == "default-internet-gateway"
    hop = Route(name=new_name("hop"), network=f"global/networks/{subnetwork}", dest_range="10.51.0.0/16", next_hop_ip="10.20.0.9")
    done(cloud.routes.insert(project=PROJECT, route_resource=hop))
    later(cloud.routes.delete, route=hop.name)
    assert (routes_of(cloud, subnetwork)[hop.name].next_hop_ip, routes_of(cloud, subnetwork)[hop.name].priority) == ("10.20.0.9", 1000)
    with pytest.raises(exceptions.Conflict) as again:
        cloud.routes.insert(project=PROJECT, route_resource=wanted)
    assert reason(again) == "alreadyExists"


def test_f22_routes_that_cannot_be(cloud, subnetwork):
    before = set(routes_of(cloud, subnetwork))
    good = {"network": f"global/networks/{subnetwork}", "dest_range": "10.50.0.0/16", "next_hop_gateway": GATEWAY}
    for wrong in (
        {"dest_range": "10.50.0.1/16"},
        {"dest_range": "everywhere"},
        {"next_hop_ip": "10.20.0.9"},
        {"next_hop_gateway": ""},
        {"dest_range": "10.20.0.0/24"},
        {"next_hop_gateway": "", "next_hop_instance": f"zones/us-central1-a/instances/{new_name()}"},
    ):
        with pytest.raises((exceptions.BadRequest, exceptions.NotFound)):
            done(cloud.routes.insert(project=PROJECT, route_resource=Route(name=new_name(), **good | wrong)))
            pytest.fail(f"taken: {wrong}")
    with pytest.raises(exceptions.NotFound, match="none"):
        done(cloud.routes.insert(project=PROJECT, route_resource=Route(name=new_name(), **good | {"network": "global/networks/none"})))
    assert set(routes_of(cloud, subnetwork)) == before
