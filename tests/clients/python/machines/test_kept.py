"""Resources that are kept and have no effect, with google-cloud-compute: made, read, found in their lists, changed, in use, gone."""

import pytest
from gce import BASE, PROJECT, REGION, ZONE, done, last, new_name, reason, word
from google.api_core import exceptions
from google.cloud import compute_v1

SCOPES = {"global": {}, "region": {"region": REGION}, "zone": {"zone": ZONE}}

# Collection, scope, type, fields that are read back as they were sent.
SIMPLE = [
    ("backend_buckets", "global", "BackendBucket", {"bucket_name": "pages", "enable_cdn": True}),
    ("external_vpn_gateways", "global", "ExternalVpnGateway", {"redundancy_type": "SINGLE_IP_INTERNALLY_REDUNDANT"}),
    (
        "global_network_endpoint_groups",
        "global",
        "NetworkEndpointGroup",
        {"network_endpoint_type": "INTERNET_FQDN_PORT", "default_port": 443},
    ),
    ("network_firewall_policies", "global", "FirewallPolicy", {"description": "for all"}),
    ("ssl_policies", "global", "SslPolicy", {"profile": "RESTRICTED", "min_tls_version": "TLS_1_2"}),
    ("security_policies", "global", "SecurityPolicy", {"type_": "CLOUD_ARMOR_EDGE"}),
    ("node_templates", "region", "NodeTemplate", {"node_type": "n1-node-96-624"}),
    ("region_network_firewall_policies", "region", "FirewallPolicy", {"description": "for one"}),
    ("region_security_policies", "region", "SecurityPolicy", {"type_": "CLOUD_ARMOR"}),
    ("region_ssl_policies", "region", "SslPolicy", {"profile": "COMPATIBLE"}),
    ("target_pools", "region", "TargetPool", {"session_affinity": "CLIENT_IP"}),
    ("target_instances", "zone", "TargetInstance", {"nat_policy": "NO_NAT"}),
]


@pytest.mark.parametrize("collection, scope, kind, fields", SIMPLE, ids=[each[0] for each in SIMPLE])
def test_a_resource_that_is_kept(cloud, kept, collection, scope, kind, fields):
    where, name = SCOPES[scope], new_name("kept")
    made = kept(collection, getattr(compute_v1, kind)(name=name, **fields), **where)
    assert made.name == name and {field: getattr(made, field) for field in fields} == fields
    assert made.id > 0 and made.creation_timestamp and made.kind.startswith("compute#") and made.self_link.startswith(BASE)
    client = getattr(cloud, collection)
    assert name in [found.name for found in client.list(project=PROJECT, **where)]
    if scope != "global" and hasattr(client, "aggregated_list"):
        request = getattr(compute_v1, f"AggregatedList{collection.title().replace('_', '')}Request")(
            project=PROJECT, filter=f"name = {name}"
        )
        [(place, found)] = [
            (place, found) for place, found in client.aggregated_list(request=request) if found.warning.code != "NO_RESULTS_ON_PAGE"
        ]
        assert place == f"{scope}s/{where[scope]}" and getattr(found, collection)[0].id == made.id
    with pytest.raises(exceptions.Conflict):
        kept(collection, getattr(compute_v1, kind)(name=name, **fields), **where)
    done(client.delete(project=PROJECT, **where, **{word(client): name}))
    assert name not in [found.name for found in client.list(project=PROJECT, **where)]


def test_a_vpn(kept, cloud, network):
    link = f"global/networks/{network}"
    gateway = kept("vpn_gateways", compute_v1.VpnGateway(name=new_name("vpn"), network=link, labels={"env": "dev"}), region=REGION)
    assert last(gateway.network) == network and len(gateway.vpn_interfaces) == 2 and dict(gateway.labels) == {"env": "dev"}
    face = compute_v1.ExternalVpnGatewayInterface(id=0, ip_address="203.0.113.7")
    wanted = compute_v1.ExternalVpnGateway(name=new_name("peer"), redundancy_type="SINGLE_IP_INTERNALLY_REDUNDANT", interfaces=[face])
    peer = kept("external_vpn_gateways", wanted)
    router = kept("routers", compute_v1.Router(name=new_name("router"), network=link, bgp=compute_v1.RouterBgp(asn=65001)), region=REGION)
    wanted = compute_v1.VpnTunnel(
        name=new_name("tunnel"),
        vpn_gateway=gateway.self_link,
        vpn_gateway_interface=0,
        peer_external_gateway=peer.self_link,
        peer_external_gateway_interface=0,
        shared_secret="a shared secret",
        router=router.self_link,
        ike_version=2,
    )
    tunnel = kept("vpn_tunnels", wanted, region=REGION)
    assert (last(tunnel.vpn_gateway), last(tunnel.router), tunnel.ike_version) == (gateway.name, router.name, 2)
    # Documented as write-only: a hash takes its place.
    assert tunnel.shared_secret != "a shared secret" and tunnel.status
    inside, outside = {"region": REGION, "vpn_gateway": gateway.name}, {"external_vpn_gateway": peer.name}
    for client, where in ((cloud.vpn_gateways, inside), (cloud.external_vpn_gateways, outside)):
        with pytest.raises(exceptions.BadRequest) as refused:
            done(client.delete(project=PROJECT, **where))
        assert reason(refused) in ("resourceInUseByAnotherResource", "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE")


def test_machine_images_and_instant_snapshots(kept, new_instance, new_disk):
    made = new_instance(labels={"env": "dev"})
    image = kept("machine_images", compute_v1.MachineImage(name=new_name("mi"), source_instance=made.self_link))
    assert image.status == "READY" and last(image.source_instance) == made.name
    disk = new_disk(size_gb=10)
    snapshot = kept("instant_snapshots", compute_v1.InstantSnapshot(name=new_name("is"), source_disk=disk.self_link), zone=ZONE)
    assert snapshot.status == "READY" and last(snapshot.source_disk) == disk.name and snapshot.disk_size_gb == 10


def test_groups_of_endpoints_and_proxies(kept, cloud, subnetwork):
    group = compute_v1.NetworkEndpointGroup(
        name=new_name("neg"),
        network_endpoint_type="GCE_VM_IP_PORT",
        network=f"global/networks/{subnetwork}",
        subnetwork=f"regions/{REGION}/subnetworks/{subnetwork}",
    )
    made = kept("network_endpoint_groups", group, zone=ZONE)
    assert made.size == 0 and made.network_endpoint_type == "GCE_VM_IP_PORT" and last(made.subnetwork) == subnetwork
    check = kept(
        "health_checks", compute_v1.HealthCheck(name=new_name("hc"), type_="TCP", tcp_health_check=compute_v1.TCPHealthCheck(port=80))
    )
    wanted = compute_v1.BackendService(name=new_name("be"), protocol="TCP", health_checks=[check.self_link])
    wanted.backends = [compute_v1.Backend(group=made.self_link, balancing_mode="CONNECTION", max_connections_per_endpoint=10)]
    service = kept("backend_services", wanted)
    proxy = kept("target_tcp_proxies", compute_v1.TargetTcpProxy(name=new_name("px"), service=service.self_link, proxy_header="NONE"))
    assert last(proxy.service) == service.name
    request = compute_v1.TargetTcpProxiesSetProxyHeaderRequest(proxy_header="PROXY_V1")
    where = {"project": PROJECT, "target_tcp_proxy": proxy.name}
    done(cloud.target_tcp_proxies.set_proxy_header(**where, target_tcp_proxies_set_proxy_header_request_resource=request))
    assert cloud.target_tcp_proxies.get(**where).proxy_header == "PROXY_V1"
    with pytest.raises(exceptions.BadRequest):
        done(cloud.network_endpoint_groups.delete(project=PROJECT, zone=ZONE, network_endpoint_group=made.name))


def test_a_published_service(kept, cloud, network, later):
    def subnetwork(cidr, purpose):
        wanted = compute_v1.Subnetwork(name=new_name("sub"), network=f"global/networks/{network}", ip_cidr_range=cidr, purpose=purpose)
        return kept("subnetworks", wanted, region=REGION)

    inside, nat = subnetwork("10.80.0.0/24", "PRIVATE"), subnetwork("10.81.0.0/24", "PRIVATE_SERVICE_CONNECT")
    check = compute_v1.HealthCheck(name=new_name("hc"), type_="TCP", tcp_health_check=compute_v1.TCPHealthCheck(port=80))
    check = kept("region_health_checks", check, region=REGION)
    wanted = compute_v1.BackendService(
        name=new_name("be"), protocol="TCP", load_balancing_scheme="INTERNAL", health_checks=[check.self_link]
    )
    service = kept("region_backend_services", wanted, region=REGION)
    wanted = compute_v1.ForwardingRule(
        name=new_name("fr"), load_balancing_scheme="INTERNAL", backend_service=service.self_link, ports=["80"], subnetwork=inside.self_link
    )
    rule = kept("forwarding_rules", wanted, region=REGION)
    assert rule.I_p_address.startswith("10.80.0.")
    wanted = compute_v1.ServiceAttachment(
        name=new_name("sa"), target_service=rule.self_link, connection_preference="ACCEPT_AUTOMATIC", nat_subnets=[nat.self_link]
    )
    made = kept("service_attachments", wanted, region=REGION)
    assert made.connection_preference == "ACCEPT_AUTOMATIC" and [last(each) for each in made.nat_subnets] == [nat.name]


def test_sole_tenant_nodes(kept, cloud, later):
    template = kept("node_templates", compute_v1.NodeTemplate(name=new_name("nt"), node_type="n1-node-96-624"), region=REGION)
    assert template.status == "READY"
    wanted = compute_v1.NodeGroup(name=new_name("ng"), node_template=template.self_link)
    done(cloud.node_groups.insert(project=PROJECT, zone=ZONE, initial_node_count=2, node_group_resource=wanted))
    later(cloud.node_groups.delete, zone=ZONE, node_group=wanted.name)
    made = cloud.node_groups.get(project=PROJECT, zone=ZONE, node_group=wanted.name)
    assert made.size == 2 and last(made.node_template) == template.name
    with pytest.raises(exceptions.BadRequest):
        done(cloud.node_templates.delete(project=PROJECT, region=REGION, node_template=template.name))


def test_policies_for_instances(kept, new_instance, cloud):
    placement = compute_v1.ResourcePolicyGroupPlacementPolicy(collocation="COLLOCATED", vm_count=2)
    made = kept("resource_policies", compute_v1.ResourcePolicy(name=new_name("near"), group_placement_policy=placement), region=REGION)
    assert made.group_placement_policy.collocation == "COLLOCATED" and made.status == "READY"
    start = compute_v1.ResourcePolicyInstanceSchedulePolicySchedule(schedule="0 8 * * *")
    hours = compute_v1.ResourcePolicyInstanceSchedulePolicy(vm_start_schedule=start, time_zone="Europe/Vienna")
    made = kept("resource_policies", compute_v1.ResourcePolicy(name=new_name("hours"), instance_schedule_policy=hours), region=REGION)
    assert made.instance_schedule_policy.vm_start_schedule.schedule == "0 8 * * *"
    vm = new_instance()
    request = compute_v1.InstancesAddResourcePoliciesRequest(resource_policies=[made.self_link])
    where = {"project": PROJECT, "zone": ZONE, "instance": vm.name}
    done(cloud.instances.add_resource_policies(**where, instances_add_resource_policies_request_resource=request))
    assert [last(each) for each in cloud.instances.get(**where).resource_policies] == [made.name]
