"""Load balancing and what belongs to it with google-cloud-compute: kept as resources, with references that hold."""

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from gce import PROJECT, REGION, ZONE, done, last, new_name, reason, word
from google.api_core import exceptions
from google.cloud import compute_v1

IN_USE = ("resourceInUseByAnotherResource", "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE")


def health_check(**more):
    http = compute_v1.HTTPHealthCheck(port=80, request_path="/ready")
    return compute_v1.HealthCheck(name=new_name("hc"), type_="HTTP", http_health_check=http, **more)


@pytest.fixture
def service(kept):
    """A backend service of HTTP with its health check."""
    check = kept("health_checks", health_check())
    wanted = compute_v1.BackendService(
        name=new_name("be"), protocol="HTTP", health_checks=[check.self_link], load_balancing_scheme="EXTERNAL_MANAGED", timeout_sec=20
    )
    return kept("backend_services", wanted)


@pytest.fixture
def url_map(kept, service):
    return kept("url_maps", compute_v1.UrlMap(name=new_name("map"), default_service=service.self_link))


def certificate():
    """The PEM texts of a certificate that is its own, and of its key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.example.com")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    signed = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=30)).sign(key, hashes.SHA256())
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    return signed.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


def test_health_checks(cloud, kept):
    made = kept("health_checks", health_check())
    assert (made.kind, made.type_, made.http_health_check.request_path) == ("compute#healthCheck", "HTTP", "/ready")
    assert (made.check_interval_sec, made.timeout_sec, made.healthy_threshold, made.unhealthy_threshold) == (5, 5, 2, 2)
    patch = compute_v1.HealthCheck(check_interval_sec=30, timeout_sec=10)
    done(cloud.health_checks.patch(project=PROJECT, health_check=made.name, health_check_resource=patch))
    patched = cloud.health_checks.get(project=PROJECT, health_check=made.name)
    assert (patched.check_interval_sec, patched.timeout_sec, patched.http_health_check.port) == (30, 10, 80)
    whole = compute_v1.HealthCheck(name=made.name, type_="TCP", tcp_health_check=compute_v1.TCPHealthCheck(port=443))
    done(cloud.health_checks.update(project=PROJECT, health_check=made.name, health_check_resource=whole))
    updated = cloud.health_checks.get(project=PROJECT, health_check=made.name)
    assert (updated.type_, updated.tcp_health_check.port, updated.check_interval_sec) == ("TCP", 443, 5)
    assert not updated.http_health_check.request_path
    regional = kept("region_health_checks", health_check(), region=REGION)
    assert last(regional.region) == REGION
    request = compute_v1.AggregatedListHealthChecksRequest(project=PROJECT, filter=f"name = {regional.name}")
    found = dict(cloud.health_checks.aggregated_list(request=request))
    assert [each.name for each in found[f"regions/{REGION}"].health_checks] == [regional.name]


def test_a_backend_service_and_its_groups(cloud, kept, service, later):
    assert (service.protocol, service.timeout_sec, service.load_balancing_scheme) == ("HTTP", 20, "EXTERNAL_MANAGED")
    assert service.session_affinity == "NONE" and service.fingerprint
    group = kept("instance_groups", compute_v1.InstanceGroup(name=new_name("group")), zone=ZONE)
    backend = compute_v1.Backend(group=group.self_link, balancing_mode="UTILIZATION", max_utilization=0.8)
    patch = compute_v1.BackendService(fingerprint=service.fingerprint, backends=[backend])
    done(cloud.backend_services.patch(project=PROJECT, backend_service=service.name, backend_service_resource=patch))
    patched = cloud.backend_services.get(project=PROJECT, backend_service=service.name)
    assert [(last(each.group), each.balancing_mode) for each in patched.backends] == [(group.name, "UTILIZATION")]
    assert patched.backends[0].max_utilization == pytest.approx(0.8) and patched.timeout_sec == 20
    with pytest.raises(exceptions.PreconditionFailed) as stale:
        done(cloud.backend_services.patch(project=PROJECT, backend_service=service.name, backend_service_resource=patch))
    assert reason(stale) == "conditionNotMet"
    with pytest.raises(exceptions.BadRequest, match=service.name):
        done(cloud.instance_groups.delete(project=PROJECT, zone=ZONE, instance_group=group.name))
    whole = compute_v1.BackendService(
        name=service.name,
        fingerprint=patched.fingerprint,
        protocol="HTTP",
        health_checks=patched.health_checks,
        load_balancing_scheme="EXTERNAL_MANAGED",
    )
    done(cloud.backend_services.update(project=PROJECT, backend_service=service.name, backend_service_resource=whole))
    updated = cloud.backend_services.get(project=PROJECT, backend_service=service.name)
    assert not updated.backends and updated.timeout_sec == 30


def test_a_front_of_http(cloud, kept, service, url_map):
    second = kept("url_maps", compute_v1.UrlMap(name=new_name("map"), default_service=service.self_link))
    proxy = kept("target_http_proxies", compute_v1.TargetHttpProxy(name=new_name("px"), url_map=url_map.self_link))
    wanted = compute_v1.ForwardingRule(
        name=new_name("fr"), target=proxy.self_link, port_range="80", load_balancing_scheme="EXTERNAL_MANAGED", I_p_protocol="TCP"
    )
    rule = kept("global_forwarding_rules", wanted)
    assert rule.port_range == "80-80" and last(rule.target) == proxy.name and rule.I_p_address and rule.network_tier == "PREMIUM"
    for client, used in ((cloud.target_http_proxies, proxy), (cloud.url_maps, url_map), (cloud.backend_services, service)):
        with pytest.raises(exceptions.BadRequest) as refused:
            done(client.delete(project=PROJECT, **{word(client): used.name}))
        assert reason(refused) in IN_USE, used.name
    request = compute_v1.GlobalSetLabelsRequest(label_fingerprint=rule.label_fingerprint, labels={"env": "live"})
    done(cloud.global_forwarding_rules.set_labels(project=PROJECT, resource=rule.name, global_set_labels_request_resource=request))
    assert dict(cloud.global_forwarding_rules.get(project=PROJECT, forwarding_rule=rule.name).labels) == {"env": "live"}
    request = compute_v1.UrlMapReference(url_map=second.self_link)
    done(cloud.target_http_proxies.set_url_map(project=PROJECT, target_http_proxy=proxy.name, url_map_reference_resource=request))
    assert last(cloud.target_http_proxies.get(project=PROJECT, target_http_proxy=proxy.name).url_map) == second.name


def test_a_url_map_with_paths(cloud, kept, service, url_map):
    rule = compute_v1.PathRule(paths=["/img/*"], service=service.self_link)
    matcher = compute_v1.PathMatcher(name="all", default_service=service.self_link, path_rules=[rule])
    host = compute_v1.HostRule(hosts=["shop.example.com"], path_matcher="all")
    patch = compute_v1.UrlMap(fingerprint=url_map.fingerprint, host_rules=[host], path_matchers=[matcher])
    done(cloud.url_maps.patch(project=PROJECT, url_map=url_map.name, url_map_resource=patch))
    patched = cloud.url_maps.get(project=PROJECT, url_map=url_map.name)
    assert list(patched.host_rules[0].hosts) == ["shop.example.com"] and list(patched.path_matchers[0].path_rules[0].paths) == ["/img/*"]
    assert last(patched.default_service) == service.name


def test_a_front_of_https(cloud, kept, url_map):
    public, private = certificate()
    wanted = compute_v1.SslCertificate(name=new_name("cert"), certificate=public, private_key=private)
    made = kept("ssl_certificates", wanted)
    assert (made.type_, made.certificate) == ("SELF_MANAGED", public) and made.expire_time and not made.private_key
    policy = kept("ssl_policies", compute_v1.SslPolicy(name=new_name("tls"), profile="MODERN", min_tls_version="TLS_1_2"))
    wanted = compute_v1.TargetHttpsProxy(name=new_name("px"), url_map=url_map.self_link, ssl_certificates=[made.self_link])
    proxy = kept("target_https_proxies", wanted)
    assert [last(each) for each in proxy.ssl_certificates] == [made.name]
    with pytest.raises(exceptions.BadRequest) as used:
        done(cloud.ssl_certificates.delete(project=PROJECT, ssl_certificate=made.name))
    assert reason(used) in IN_USE
    request = compute_v1.SslPolicyReference(ssl_policy=policy.self_link)
    done(cloud.target_https_proxies.set_ssl_policy(project=PROJECT, target_https_proxy=proxy.name, ssl_policy_reference_resource=request))
    assert last(cloud.target_https_proxies.get(project=PROJECT, target_https_proxy=proxy.name).ssl_policy) == policy.name


def test_a_rule_inside_a_region(kept, subnetwork):
    check = kept("region_health_checks", health_check(), region=REGION)
    wanted = compute_v1.BackendService(
        name=new_name("be"), protocol="TCP", load_balancing_scheme="INTERNAL", health_checks=[check.self_link]
    )
    service = kept("region_backend_services", wanted, region=REGION)
    wanted = compute_v1.ForwardingRule(
        name=new_name("fr"),
        load_balancing_scheme="INTERNAL",
        backend_service=service.self_link,
        ports=["80"],
        network=f"global/networks/{subnetwork}",
        subnetwork=f"regions/{REGION}/subnetworks/{subnetwork}",
        I_p_address="10.20.0.100",
    )
    rule = kept("forwarding_rules", wanted, region=REGION)
    assert (rule.I_p_address, rule.I_p_protocol, list(rule.ports)) == ("10.20.0.100", "TCP", ["80"])
    assert last(rule.subnetwork) == subnetwork and last(rule.backend_service) == service.name


def test_a_security_policy(cloud, kept, service):
    match = compute_v1.SecurityPolicyRuleMatcher(
        versioned_expr="SRC_IPS_V1", config=compute_v1.SecurityPolicyRuleMatcherConfig(src_ip_ranges=["198.51.100.0/24"])
    )
    everybody = compute_v1.SecurityPolicyRuleMatcher(
        versioned_expr="SRC_IPS_V1", config=compute_v1.SecurityPolicyRuleMatcherConfig(src_ip_ranges=["*"])
    )
    rules = [
        compute_v1.SecurityPolicyRule(priority=1000, action="deny(403)", match=match, description="not them"),
        compute_v1.SecurityPolicyRule(priority=2147483647, action="allow", match=everybody),
    ]
    policy = kept("security_policies", compute_v1.SecurityPolicy(name=new_name("sp"), type_="CLOUD_ARMOR", rules=rules))
    assert {rule.priority: rule.action for rule in policy.rules} == {1000: "deny(403)", 2147483647: "allow"} and policy.fingerprint
    request = compute_v1.SecurityPolicyReference(security_policy=policy.self_link)
    done(
        cloud.backend_services.set_security_policy(
            project=PROJECT, backend_service=service.name, security_policy_reference_resource=request
        )
    )
    assert last(cloud.backend_services.get(project=PROJECT, backend_service=service.name).security_policy) == policy.name
    with pytest.raises(exceptions.BadRequest) as used:
        done(cloud.security_policies.delete(project=PROJECT, security_policy=policy.name))
    assert reason(used) in IN_USE
    nothing = compute_v1.SecurityPolicyReference(security_policy="")
    done(
        cloud.backend_services.set_security_policy(
            project=PROJECT, backend_service=service.name, security_policy_reference_resource=nothing
        )
    )


def test_resources_that_cannot_be(cloud, kept, service):
    for collection, wrong in {
        "health_checks": compute_v1.HealthCheck(name=new_name(), type_="SMOKE"),
        "backend_services": compute_v1.BackendService(name=new_name(), protocol="PIGEON"),
        "url_maps": compute_v1.UrlMap(name="Not_A_Name", default_service=service.self_link),
        "ssl_certificates": compute_v1.SslCertificate(name=new_name(), certificate="no certificate", private_key="no key"),
    }.items():
        with pytest.raises(exceptions.BadRequest):
            kept(collection, wrong)
            pytest.fail(f"taken: {wrong}")
    for collection, lost in {
        "url_maps": compute_v1.UrlMap(name=new_name(), default_service=f"projects/{PROJECT}/global/backendServices/none"),
        "target_http_proxies": compute_v1.TargetHttpProxy(name=new_name(), url_map=f"projects/{PROJECT}/global/urlMaps/none"),
    }.items():
        with pytest.raises((exceptions.BadRequest, exceptions.NotFound), match="none"):
            kept(collection, lost)
    with pytest.raises(exceptions.Conflict) as again:
        cloud.backend_services.insert(
            project=PROJECT, backend_service_resource=compute_v1.BackendService(name=service.name, protocol="HTTP")
        )
    assert reason(again) == "alreadyExists"
