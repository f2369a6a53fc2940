"""Templates, groups and autoscalers with Libcloud's driver."""

import time

import pytest
from gce import new_name
from libcloud.common.google import GoogleBaseError, ResourceNotFoundError


@pytest.fixture
def template(driver, destroy_later, image):
    metadata = {"items": [{"key": "a", "value": "1"}]}
    return destroy_later(driver.ex_create_instancetemplate(new_name("tpl"), "e2-micro", image=image, tags=["web"], metadata=metadata))


@pytest.fixture
def manager(driver, destroy_later, template):
    return destroy_later(driver.ex_create_instancegroupmanager(new_name("mig"), driver.zone, template, 2, base_instance_name="m"))


def stable(manager, size):
    """Waits until the group has that many instances and nothing to do with them; answers with them."""
    until = time.monotonic() + 60
    while True:
        members = manager.list_managed_instances()
        if len(members) == size and all((each["currentAction"], each.get("instanceStatus")) == ("NONE", "RUNNING") for each in members):
            return members
        assert time.monotonic() < until, members
        time.sleep(0.1)


def test_a_template(driver, template):
    properties = template.extra["properties"]
    assert properties["machineType"] == "e2-micro" and properties["tags"]["items"] == ["web"]
    assert template.id in [found.id for found in driver.ex_list_instancetemplates()]
    assert driver.ex_get_instancetemplate(template.name).id == template.id


def test_a_managed_group(driver, template, manager):
    assert (manager.size, manager.template.name, manager.zone.name) == (2, template.name, "us-central1-a")
    names = {each["name"] for each in stable(manager, 2)}
    assert all(driver.ex_get_node(name).extra["tags"] == ["web"] for name in names)
    assert manager.instance_group.name == manager.name
    assert {
        node["instance"].rsplit("/", 1)[-1] if isinstance(node, dict) else node.name for node in manager.instance_group.list_instances()
    } == names
    assert manager.id in [found.id for found in driver.ex_list_instancegroupmanagers(driver.zone)]
    with pytest.raises(GoogleBaseError, match=manager.name):
        template.destroy()
    assert manager.resize(3)
    three = {each["name"] for each in stable(driver.ex_get_instancegroupmanager(manager.name), 3)}
    assert names < three
    assert driver.ex_instancegroupmanager_recreate_instances(manager)
    assert {each["name"] for each in stable(manager, 3)} == three
    gone = sorted(three)[0]
    assert driver.ex_instancegroupmanager_delete_instances(manager, [driver.ex_get_node(gone)])
    assert gone not in {each["name"] for each in stable(manager, 2)}
    assert manager.destroy()
    with pytest.raises(ResourceNotFoundError):
        driver.ex_get_instancegroupmanager(manager.name)
    assert not three & {node.name for node in driver.list_nodes()}


def test_another_template_for_a_group(driver, destroy_later, image, manager):
    other = destroy_later(driver.ex_create_instancetemplate(new_name("tpl"), "e2-small", image=image))
    assert manager.set_instancetemplate(other)
    assert driver.ex_get_instancegroupmanager(manager.name).template.name == other.name
    assert manager.set_named_ports([{"name": "http", "port": 80}])
    assert driver.ex_get_instancegroupmanager(manager.name).instance_group.named_ports == [{"name": "http", "port": 80}]
    manager.destroy()


def test_an_autoscaler(driver, destroy_later, manager):
    policy = {"minNumReplicas": 1, "maxNumReplicas": 3, "coolDownPeriodSec": 60, "cpuUtilization": {"utilizationTarget": 0.5}}
    made = destroy_later(driver.ex_create_autoscaler(new_name("scale"), driver.zone, manager, policy))
    assert made.target.name == manager.name and {key: made.policy[key] for key in policy} == policy
    assert made.id in [found.id for found in driver.ex_list_autoscalers(driver.zone)]
    made.policy["maxNumReplicas"] = 5
    assert driver.ex_update_autoscaler(made) and driver.ex_get_autoscaler(made.name).policy["maxNumReplicas"] == 5
    assert made.destroy()
    with pytest.raises(ResourceNotFoundError):
        driver.ex_get_autoscaler(made.name)


def test_an_unmanaged_group(driver, destroy_later, new_node):
    node = new_node()
    group = destroy_later(driver.ex_create_instancegroup(new_name("some"), driver.zone, named_ports=[{"name": "http", "port": 80}]))
    assert group.named_ports == [{"name": "http", "port": 80}] and group.zone.name == "us-central1-a"
    assert group.add_instances([node])
    assert [found.name for found in group.list_instances()] == [node.name]
    assert group.set_named_ports([{"name": "https", "port": 443}])
    kept = driver.ex_get_instancegroup(group.name)
    assert kept.named_ports == [{"name": "https", "port": 443}] and kept.network.name == "default"
    assert group.name in [found.name for found in driver.ex_list_instancegroups(driver.zone)]
    assert group.remove_instances([node]) and group.list_instances() == []
    assert driver.ex_destroy_instancegroup(group)
    with pytest.raises(ResourceNotFoundError):
        driver.ex_get_instancegroup(group.name)
