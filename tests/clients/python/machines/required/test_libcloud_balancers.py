"""Load balancing's resources with Libcloud's driver."""

import pytest
from gce import new_name
from libcloud.common.google import GoogleBaseError, ResourceNotFoundError


@pytest.fixture
def check(driver, destroy_later):
    return destroy_later(driver.ex_create_healthcheck(new_name("hc"), path="/ready", port=8080, interval=10, timeout=8))


@pytest.fixture
def service(driver, destroy_later, check):
    return destroy_later(driver.ex_create_backendservice(new_name("be"), [check], protocol="HTTP"))


@pytest.fixture
def url_map(driver, destroy_later, service):
    return destroy_later(driver.ex_create_urlmap(new_name("map"), service))


def test_health_checks(driver, check):
    assert (check.path, check.port, check.interval, check.timeout) == ("/ready", 8080, 10, 8)
    assert (check.unhealthy_threshold, check.healthy_threshold) == (2, 2)
    check.interval = 30
    assert check.update() and driver.ex_get_healthcheck(check.name).interval == 30
    assert check.id in [found.id for found in driver.ex_list_healthchecks()]
    assert driver.ex_destroy_healthcheck(check)
    with pytest.raises(ResourceNotFoundError):
        driver.ex_get_healthcheck(check.name)


def test_a_backend_service(driver, destroy_later, check, service, new_node):
    assert (service.protocol, service.port, service.port_name, service.timeout) == ("HTTP", 80, "http", 30)
    assert [found.name for found in service.healthchecks] == [check.name]
    group = destroy_later(driver.ex_create_instancegroup(new_name("some"), driver.zone))
    backend = driver.ex_create_backend(group, balancing_mode="UTILIZATION", max_utilization=0.5)
    other = destroy_later(driver.ex_create_backendservice(new_name("be"), [check.name], backends=[backend], timeout_sec=10))
    assert other.backends[0]["group"] == group.extra["selfLink"] and other.backends[0]["maxUtilization"] == 0.5 and other.timeout == 10
    assert {service.name, other.name} <= {found.name for found in driver.ex_list_backendservices()}
    with pytest.raises(GoogleBaseError):
        driver.ex_destroy_healthcheck(check)


def test_a_front(driver, destroy_later, service, url_map):
    assert url_map.default_service.name == service.name
    proxy = destroy_later(driver.ex_create_targethttpproxy(new_name("px"), url_map))
    rule = destroy_later(driver.ex_create_forwarding_rule(new_name("fr"), target=proxy, port_range="80", global_rule=True))
    assert rule.targetpool.name == proxy.name and rule.protocol == "TCP" and rule.address and rule.extra["portRange"] == "80-80"
    assert rule.id in [found.id for found in driver.ex_list_forwarding_rules(global_rules=True)]
    assert proxy.id in [found.id for found in driver.ex_list_targethttpproxies()] and url_map.id in [
        found.id for found in driver.ex_list_urlmaps()
    ]
    with pytest.raises(GoogleBaseError, match=rule.name):
        proxy.destroy()
    assert rule.destroy() and proxy.destroy()
    with pytest.raises(ResourceNotFoundError):
        driver.ex_get_targethttpproxy(proxy.name)


def test_a_target_pool(driver, destroy_later, check, new_node):
    one, two = new_node(), new_node()
    pool = destroy_later(driver.ex_create_targetpool(new_name("pool"), region="us-central1", healthchecks=[check.name], nodes=[one]))
    assert [node.name for node in pool.nodes] == [one.name] and [each.name for each in pool.healthchecks] == [check.name]
    assert pool.add_node(two)
    assert {node.name for node in driver.ex_get_targetpool(pool.name).nodes} == {one.name, two.name}
    assert pool.remove_node(one)
    assert [node.name for node in driver.ex_get_targetpool(pool.name).nodes] == [two.name]
    assert pool.remove_healthcheck(check) and driver.ex_get_targetpool(pool.name).healthchecks == []
    assert pool.id in [found.id for found in driver.ex_list_targetpools()]
    rule = destroy_later(driver.ex_create_forwarding_rule(new_name("fr"), target=pool, region="us-central1", port_range="80"))
    assert rule.targetpool.name == pool.name and rule.region.name == "us-central1" and rule.address


def test_a_target_instance(driver, destroy_later, new_node):
    node = new_node()
    made = destroy_later(driver.ex_create_targetinstance(new_name("ti"), zone="us-central1-a", node=node))
    assert made.node.name == node.name and made.zone.name == "us-central1-a" and made.extra["natPolicy"] == "NO_NAT"
    assert made.id in [found.id for found in driver.ex_list_targetinstances()]
