"""Networks, subnetworks and peerings with google-cloud-compute."""

import pytest
from gce import PROJECT, REGION, done, last, new_name, reason
from google.api_core import exceptions
from google.cloud import compute_v1
from google.cloud.compute_v1 import Network, NetworkPeering, Subnetwork, SubnetworkSecondaryRange


def subnetwork_of(cloud, name, region=REGION):
    return cloud.subnetworks.get(project=PROJECT, region=region, subnetwork=name)


def add_subnetwork(cloud, network, name, cidr, **more):
    wanted = Subnetwork(name=name, network=f"global/networks/{network}", ip_cidr_range=cidr, **more)
    done(cloud.subnetworks.insert(project=PROJECT, region=REGION, subnetwork_resource=wanted))


def test_an_auto_network_has_a_subnetwork_in_each_region(cloud, later):
    name = new_name("auto")
    done(cloud.networks.insert(project=PROJECT, network_resource=Network(name=name, auto_create_subnetworks=True)))
    later(cloud.networks.delete, network=name)
    made = cloud.networks.get(project=PROJECT, network=name)
    assert made.auto_create_subnetworks and made.mtu == 1460 and made.routing_config.routing_mode == "REGIONAL"
    regions = {region.name for region in cloud.regions.list(project=PROJECT)}
    assert {link.split("/regions/")[1].split("/")[0] for link in made.subnetworks} == regions
    assert subnetwork_of(cloud, name).ip_cidr_range == "10.128.0.0/20"
    assert subnetwork_of(cloud, name, "europe-west1").ip_cidr_range == "10.132.0.0/20"
    with pytest.raises(exceptions.BadRequest, match="auto subnet"):
        done(cloud.subnetworks.delete(project=PROJECT, region=REGION, subnetwork=name))


def test_an_auto_network_has_its_range_for_itself(cloud, later):
    name = new_name("auto")
    done(cloud.networks.insert(project=PROJECT, network_resource=Network(name=name, auto_create_subnetworks=True)))
    later(cloud.networks.delete, network=name)
    with pytest.raises(exceptions.BadRequest, match="10.128.0.0/9"):
        add_subnetwork(cloud, name, new_name("more"), "10.200.0.0/16")
    more = new_name("more")
    add_subnetwork(cloud, name, more, "10.120.0.0/16")
    later(cloud.subnetworks.delete, region=REGION, subnetwork=more)
    assert subnetwork_of(cloud, more).ip_cidr_range == "10.120.0.0/16"


def test_a_network_that_becomes_custom_keeps_its_subnetworks(cloud, later):
    name = new_name("auto")
    done(cloud.networks.insert(project=PROJECT, network_resource=Network(name=name, auto_create_subnetworks=True)))
    later(cloud.networks.delete, network=name)
    done(cloud.networks.switch_to_custom_mode(project=PROJECT, network=name))
    made = cloud.networks.get(project=PROJECT, network=name)
    assert made.auto_create_subnetworks is False and len(made.subnetworks) > 30
    for link in made.subnetworks:
        region = link.split("/regions/")[1].split("/")[0]
        done(cloud.subnetworks.delete(project=PROJECT, region=region, subnetwork=name))
    assert not cloud.networks.get(project=PROJECT, network=name).subnetworks


def test_a_custom_network_and_its_routing_mode(cloud, later):
    name = new_name("net")
    wanted = Network(
        name=name,
        auto_create_subnetworks=False,
        description="for tests",
        mtu=1500,
        routing_config=compute_v1.NetworkRoutingConfig(routing_mode="GLOBAL"),
    )
    operation = cloud.networks.insert(project=PROJECT, network_resource=wanted)
    assert operation.operation_type == "insert" and operation.target_link.endswith(f"/global/networks/{name}")
    done(operation)
    later(cloud.networks.delete, network=name)
    made = cloud.networks.get(project=PROJECT, network=name)
    assert (made.kind, made.name, made.description, made.mtu) == ("compute#network", name, "for tests", 1500)
    assert made.id > 0 and made.creation_timestamp and made.self_link.endswith(f"/projects/{PROJECT}/global/networks/{name}")
    assert made.routing_config.routing_mode == "GLOBAL" and not made.subnetworks and made.auto_create_subnetworks is False
    patch = Network(routing_config=compute_v1.NetworkRoutingConfig(routing_mode="REGIONAL"))
    done(cloud.networks.patch(project=PROJECT, network=name, network_resource=patch))
    patched = cloud.networks.get(project=PROJECT, network=name)
    assert patched.routing_config.routing_mode == "REGIONAL" and patched.description == "for tests" and patched.mtu == 1500
    assert name in [found.name for found in cloud.networks.list(project=PROJECT)]


def test_errors_say_why(cloud, network):
    with pytest.raises(exceptions.NotFound, match=f"The resource 'projects/{PROJECT}/global/networks/none' was not found") as missing:
        cloud.networks.get(project=PROJECT, network="none")
    assert reason(missing) == "notFound"
    with pytest.raises(exceptions.Conflict, match="already exists") as again:
        cloud.networks.insert(project=PROJECT, network_resource=Network(name=network, auto_create_subnetworks=False))
    assert reason(again) == "alreadyExists"
    with pytest.raises(exceptions.BadRequest, match="resource.name") as wrong:
        cloud.networks.insert(project=PROJECT, network_resource=Network(name="No_Name", auto_create_subnetworks=False))
    assert reason(wrong) == "invalid"
    with pytest.raises(exceptions.NotFound):
        cloud.networks.delete(project=PROJECT, network="none")


def test_a_subnetwork_with_secondary_ranges(cloud, network, later):
    wanted = Subnetwork(
        name=network,
        network=f"global/networks/{network}",
        ip_cidr_range="10.30.0.0/24",
        description="pods inside",
        private_ip_google_access=True,
        secondary_ip_ranges=[SubnetworkSecondaryRange(range_name="pods", ip_cidr_range="10.32.0.0/16")],
    )
    done(cloud.subnetworks.insert(project=PROJECT, region=REGION, subnetwork_resource=wanted))
    later(cloud.subnetworks.delete, region=REGION, subnetwork=network)
    made = subnetwork_of(cloud, network)
    assert (made.gateway_address, made.purpose, made.stack_type) == ("10.30.0.1", "PRIVATE", "IPV4_ONLY")
    assert made.private_ip_google_access and made.description == "pods inside" and last(made.region) == REGION
    assert [(found.range_name, found.ip_cidr_range) for found in made.secondary_ip_ranges] == [("pods", "10.32.0.0/16")]
    more = list(made.secondary_ip_ranges) + [SubnetworkSecondaryRange(range_name="services", ip_cidr_range="10.33.0.0/20")]
    patch = Subnetwork(fingerprint=made.fingerprint, secondary_ip_ranges=more)
    done(cloud.subnetworks.patch(project=PROJECT, region=REGION, subnetwork=network, subnetwork_resource=patch))
    patched = subnetwork_of(cloud, network)
    assert [found.range_name for found in patched.secondary_ip_ranges] == ["pods", "services"]
    assert patched.fingerprint != made.fingerprint and patched.description == "pods inside"
    with pytest.raises(exceptions.PreconditionFailed) as stale:
        cloud.subnetworks.patch(project=PROJECT, region=REGION, subnetwork=network, subnetwork_resource=patch)
    assert reason(stale) == "conditionNotMet"
    usable = [found for found in cloud.subnetworks.list_usable(project=PROJECT) if last(found.subnetwork) == network]
    assert [found.ip_cidr_range for found in usable] == ["10.30.0.0/24"]
    assert [found.range_name for found in usable[0].secondary_ip_ranges] == ["pods", "services"]


def test_a_range_grows_and_does_not_shrink(cloud, subnetwork):
    def expand(cidr):
        request = compute_v1.SubnetworksExpandIpCidrRangeRequest(ip_cidr_range=cidr)
        return done(
            cloud.subnetworks.expand_ip_cidr_range(
                project=PROJECT, region=REGION, subnetwork=subnetwork, subnetworks_expand_ip_cidr_range_request_resource=request
            )
        )

    expand("10.20.0.0/22")
    assert subnetwork_of(cloud, subnetwork).ip_cidr_range == "10.20.0.0/22"
    with pytest.raises(exceptions.BadRequest):
        expand("10.20.0.0/24")
    with pytest.raises(exceptions.BadRequest):
        expand("10.21.0.0/16")
    assert subnetwork_of(cloud, subnetwork).ip_cidr_range == "10.20.0.0/22"


def test_f22_ranges_that_cannot_be(cloud, subnetwork):
    for cidr in ("10.20.0.128/25", "10.20.0.0/16", "10.40.0.1/24", "10.40.0.0/33", "10.40.0.0/30", "no range", "127.0.0.0/24"):
        with pytest.raises(exceptions.BadRequest):
            add_subnetwork(cloud, subnetwork, new_name(), cidr)
    with pytest.raises(exceptions.NotFound, match="none"):
        add_subnetwork(cloud, "none", new_name(), "10.40.0.0/24")
    mine = [found.name for found in cloud.subnetworks.list(project=PROJECT, region=REGION) if last(found.network) == subnetwork]
    assert mine == [subnetwork]


def test_private_access_and_flow_logs(cloud, subnetwork):
    asked = compute_v1.SubnetworksSetPrivateIpGoogleAccessRequest(private_ip_google_access=True)
    done(
        cloud.subnetworks.set_private_ip_google_access(
            project=PROJECT, region=REGION, subnetwork=subnetwork, subnetworks_set_private_ip_google_access_request_resource=asked
        )
    )
    made = subnetwork_of(cloud, subnetwork)
    assert made.private_ip_google_access
    log = compute_v1.SubnetworkLogConfig(enable=True, flow_sampling=0.25, aggregation_interval="INTERVAL_10_MIN")
    patch = Subnetwork(fingerprint=made.fingerprint, log_config=log)
    done(cloud.subnetworks.patch(project=PROJECT, region=REGION, subnetwork=subnetwork, subnetwork_resource=patch))
    kept = subnetwork_of(cloud, subnetwork).log_config
    assert kept.enable and kept.flow_sampling == 0.25 and kept.aggregation_interval == "INTERVAL_10_MIN"


def test_subnetworks_of_all_regions_in_one_list(cloud, subnetwork):
    found = dict(cloud.subnetworks.aggregated_list(project=PROJECT))
    assert subnetwork in [each.name for each in found[f"regions/{REGION}"].subnetworks]
    assert {each.name for each in found["regions/asia-east1"].subnetworks} >= {"default"}
    request = compute_v1.AggregatedListSubnetworksRequest(project=PROJECT, filter=f"name = {subnetwork}", include_all_scopes=True)
    found = dict(cloud.subnetworks.aggregated_list(request=request))
    assert [each.name for each in found[f"regions/{REGION}"].subnetworks] == [subnetwork]
    assert not found["regions/asia-east1"].subnetworks and found["regions/asia-east1"].warning.code == "NO_RESULTS_ON_PAGE"


def test_f11_what_is_in_use_stays(cloud, subnetwork):
    with pytest.raises(exceptions.BadRequest, match=f"subnetworks/{subnetwork}") as used:
        done(cloud.networks.delete(project=PROJECT, network=subnetwork))
    assert reason(used) in ("resourceInUseByAnotherResource", "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE")


def test_policies_of_a_subnetwork(cloud, subnetwork):
    where = {"project": PROJECT, "region": REGION, "resource": subnetwork}
    policy = cloud.subnetworks.get_iam_policy(**where)
    assert policy.etag and not policy.bindings
    policy.bindings.append(compute_v1.Binding(role="roles/compute.networkUser", members=["user:ann@example.com"]))
    request = compute_v1.RegionSetPolicyRequest(policy=policy)
    changed = cloud.subnetworks.set_iam_policy(**where, region_set_policy_request_resource=request)
    assert changed.etag != policy.etag
    assert cloud.subnetworks.get_iam_policy(**where).bindings[0].members == ["user:ann@example.com"]
    with pytest.raises(exceptions.GoogleAPICallError) as stale:
        cloud.subnetworks.set_iam_policy(**where, region_set_policy_request_resource=request)
    assert stale.value.code in (409, 412)
    asked = compute_v1.TestPermissionsRequest(permissions=["compute.subnetworks.get", "compute.subnetworks.use"])
    allowed = cloud.subnetworks.test_iam_permissions(**where, test_permissions_request_resource=asked)
    assert set(allowed.permissions) == {"compute.subnetworks.get", "compute.subnetworks.use"}


def peer(cloud, network, name, other):
    peering = NetworkPeering(name=name, network=f"projects/{PROJECT}/global/networks/{other}", exchange_subnet_routes=True)
    request = compute_v1.NetworksAddPeeringRequest(network_peering=peering)
    return done(cloud.networks.add_peering(project=PROJECT, network=network, networks_add_peering_request_resource=request))


def peerings_of(cloud, network):
    return {peering.name: peering for peering in cloud.networks.get(project=PROJECT, network=network).peerings}


def unpeer(cloud, network, name):
    request = compute_v1.NetworksRemovePeeringRequest(name=name)
    done(cloud.networks.remove_peering(project=PROJECT, network=network, networks_remove_peering_request_resource=request))


def test_a_peering_is_active_when_both_want_it(cloud, subnetwork, later):
    other = new_name("other")
    done(cloud.networks.insert(project=PROJECT, network_resource=Network(name=other, auto_create_subnetworks=False)))
    later(cloud.networks.delete, network=other)
    add_subnetwork(cloud, other, other, "10.60.0.0/24")
    later(cloud.subnetworks.delete, region=REGION, subnetwork=other)
    peer(cloud, subnetwork, "there", other)
    assert peerings_of(cloud, subnetwork)["there"].state == "INACTIVE"
    peer(cloud, other, "back", subnetwork)
    assert peerings_of(cloud, subnetwork)["there"].state == peerings_of(cloud, other)["back"].state == "ACTIVE"
    change = NetworkPeering(name="there", export_custom_routes=True, exchange_subnet_routes=True)
    request = compute_v1.NetworksUpdatePeeringRequest(network_peering=change)
    done(cloud.networks.update_peering(project=PROJECT, network=subnetwork, networks_update_peering_request_resource=request))
    assert peerings_of(cloud, subnetwork)["there"].export_custom_routes is True
    asked = compute_v1.ListPeeringRoutesNetworksRequest(
        project=PROJECT, network=subnetwork, peering_name="there", region=REGION, direction="INCOMING"
    )
    routes = list(cloud.networks.list_peering_routes(request=asked))
    assert [(route.dest_range, route.type_, route.imported) for route in routes] == [("10.60.0.0/24", "SUBNET_PEERING_ROUTE", True)]
    with pytest.raises(exceptions.GoogleAPICallError, match="[Pp]eering|already"):
        peer(cloud, subnetwork, "there", other)
    unpeer(cloud, other, "back")
    assert peerings_of(cloud, subnetwork)["there"].state == "INACTIVE"
    unpeer(cloud, subnetwork, "there")
    assert not peerings_of(cloud, subnetwork)


def test_networks_with_overlapping_ranges_cannot_peer(cloud, subnetwork, later):
    other = new_name("other")
    done(cloud.networks.insert(project=PROJECT, network_resource=Network(name=other, auto_create_subnetworks=False)))
    later(cloud.networks.delete, network=other)
    add_subnetwork(cloud, other, other, "10.20.0.0/25")
    later(cloud.subnetworks.delete, region=REGION, subnetwork=other)
    peer(cloud, subnetwork, "there", other)
    with pytest.raises(exceptions.BadRequest):
        peer(cloud, other, "back", subnetwork)
    unpeer(cloud, subnetwork, "there")
