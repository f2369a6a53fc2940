"""Nodes with Libcloud's driver: made, listed, changed, stopped, destroyed."""

import ipaddress

import pytest
from gce import new_name
from libcloud.common.google import GoogleBaseError, InvalidRequestError, ResourceExistsError, ResourceNotFoundError
from libcloud.compute.types import NodeState


def test_a_node(driver, new_node, image):
    node = new_node()
    assert (node.state, node.size, node.image) == (NodeState.RUNNING, "e2-micro", image.name)
    assert ipaddress.ip_address(node.private_ips[0]) in ipaddress.ip_network("10.128.0.0/20") and ipaddress.ip_address(node.public_ips[0])
    assert node.extra["zone"].name == "us-central1-a" and node.extra["status"] == "RUNNING"
    assert (node.extra["boot_disk"].name, node.extra["boot_disk"].size) == (node.name, "10")
    assert driver.ex_get_node(node.name).id == node.id and driver.ex_get_node(node.name, "us-central1-a").uuid == node.uuid
    assert node.id in [found.id for found in driver.list_nodes()]
    assert node.id in [found.id for found in driver.list_nodes(ex_zone="us-central1-a")]
    assert node.id not in [found.id for found in driver.list_nodes(ex_zone="us-central1-b")]
    assert isinstance(driver.ex_get_serial_output(node), str)
    assert driver.destroy_node(node)
    with pytest.raises(ResourceNotFoundError):
        driver.ex_get_node(node.name)
    with pytest.raises(ResourceNotFoundError):
        driver.ex_get_volume(node.name)


def test_a_node_with_options(driver, new_node, destroy_later):
    address = destroy_later(driver.ex_create_address(new_name("a"), region="us-central1"))
    node = new_node(
        size="n1-standard-2",
        external_ip=address,
        ex_tags=["web", "db"],
        ex_metadata={"greeting": "hello"},
        ex_labels={"env": "dev"},
        ex_disk_type="pd-ssd",
        ex_disk_size=30,
        ex_disk_auto_delete=False,
        ex_service_accounts=[{"email": "default", "scopes": ["compute", "storage-ro"]}],
        description="all of it",
        ex_can_ip_forward=True,
        ex_on_host_maintenance="TERMINATE",
        ex_automatic_restart=False,
        ex_preemptible=True,
    )
    boot = destroy_later(driver.ex_get_volume(node.name))
    destroy_later(node)
    assert (node.size, node.public_ips, sorted(node.extra["tags"])) == ("n1-standard-2", [address.address], ["db", "web"])
    assert node.extra["metadata"]["items"] == [{"key": "greeting", "value": "hello"}] and node.extra["labels"] == {"env": "dev"}
    assert (node.extra["description"], node.extra["canIpForward"]) == ("all of it", True)
    scheduling = node.extra["scheduling"]
    assert (scheduling["onHostMaintenance"], scheduling["automaticRestart"], scheduling["preemptible"]) == ("TERMINATE", False, True)
    assert {scope.rsplit("/", 1)[-1] for scope in node.extra["serviceAccounts"][0]["scopes"]} == {"compute", "devstorage.read_only"}
    assert (boot.size, boot.extra["type"]) == ("30", "pd-ssd")
    assert driver.ex_get_address(address.name, region="us-central1").extra["status"] == "IN_USE"
    with pytest.raises(GoogleBaseError, match=node.name):
        driver.ex_destroy_address(address)
    assert driver.destroy_node(node) and driver.ex_get_volume(node.name).id == boot.id


def test_a_node_in_a_network_of_its_own(driver, new_node, destroy_later):
    network = destroy_later(driver.ex_create_network(new_name("net"), cidr=None, mode="custom"))
    subnetwork = destroy_later(driver.ex_create_subnetwork(new_name("sub"), "10.70.0.0/24", network.name, "us-central1"))
    node = new_node(ex_network=network, ex_subnetwork=subnetwork, external_ip=None, internal_ip="10.70.0.33")
    assert (node.private_ips, node.public_ips) == (["10.70.0.33"], [])
    with pytest.raises(GoogleBaseError, match=node.name):
        subnetwork.destroy()
    assert node.destroy() and subnetwork.destroy()


def test_nodes_that_cannot_be(driver, new_node, image):
    node = new_node()
    with pytest.raises(ResourceExistsError):
        driver.create_node(node.name, "e2-micro", image)
    with pytest.raises(InvalidRequestError):
        driver.create_node("Not_A_Name", "e2-micro", image)
    with pytest.raises(ResourceNotFoundError):
        driver.create_node(new_name("node"), "no-such-size", image)


def test_a_node_is_stopped_started_and_rebooted(driver, new_node):
    node = new_node()
    assert driver.stop_node(node)
    stopped = driver.ex_get_node(node.name)
    assert stopped.state == NodeState.STOPPED and stopped.extra["status"] == "TERMINATED"
    assert driver.ex_set_machine_type(node, "e2-small")
    assert driver.start_node(node)
    started = driver.ex_get_node(node.name)
    assert (started.state, started.size) == (NodeState.RUNNING, "e2-small")
    assert driver.reboot_node(node) and driver.ex_get_node(node.name).state == NodeState.RUNNING
    with pytest.raises(GoogleBaseError):
        driver.ex_set_machine_type(node, "e2-medium")


def test_tags_metadata_labels_and_scheduling(driver, new_node):
    node = new_node(ex_tags=["web"])
    assert driver.ex_set_node_tags(node, ["db", "cache"])
    assert sorted(driver.ex_get_node(node.name).extra["tags"]) == ["cache", "db"]
    # `node` has the fingerprint from before.
    with pytest.raises(GoogleBaseError) as stale:
        driver.ex_set_node_tags(driver.ex_get_node(node.name), ["x"]) and driver.ex_set_node_tags(node, ["y"])
    assert stale.value.http_code == 412
    assert driver.ex_set_node_metadata(driver.ex_get_node(node.name), {"a": "1", "b": "2"})
    kept = driver.ex_get_node(node.name).extra["metadata"]["items"]
    assert {item["key"]: item["value"] for item in kept} == {"a": "1", "b": "2"}
    assert driver.ex_set_node_metadata(driver.ex_get_node(node.name), None)
    assert not driver.ex_get_node(node.name).extra["metadata"].get("items")
    assert driver.ex_set_node_labels(driver.ex_get_node(node.name), {"env": "live"})
    assert driver.ex_get_node(node.name).extra["labels"] == {"env": "live"}
    assert driver.ex_set_node_scheduling(node, on_host_maintenance="TERMINATE", automatic_restart=False)
    scheduling = driver.ex_get_node(node.name).extra["scheduling"]
    assert (scheduling["onHostMaintenance"], scheduling["automaticRestart"]) == ("TERMINATE", False)


def test_access_configs(driver, new_node):
    node = new_node(external_ip=None)
    assert driver.ex_add_access_config(node, "External NAT", "nic0")
    assert ipaddress.ip_address(driver.ex_get_node(node.name).public_ips[0])
    assert driver.ex_delete_access_config(node, "External NAT", "nic0")
    assert driver.ex_get_node(node.name).public_ips == []


def test_many_nodes(driver, destroy_later, image):
    base = new_name("many")
    made = driver.ex_create_multiple_nodes(base, "e2-micro", image, 3, poll_interval=0.1, ex_labels={"set": base})
    assert [node.name for node in made] == [f"{base}-{number:03}" for number in range(3)]
    assert {driver.ex_get_node(node.name).state for node in made} == {NodeState.RUNNING}
    again = driver.ex_create_multiple_nodes(base, "e2-micro", image, 1, poll_interval=0.1)
    assert again[0].code == "alreadyExists"
    found = driver.ex_list(driver.list_nodes).filter(f"labels.set eq {base}")
    assert len([node for page in found for node in page]) == 3
    assert driver.ex_destroy_multiple_nodes(made, poll_interval=0.1) == [True, True, True]
    assert not {node.name for node in made} & {node.name for node in driver.list_nodes()}


def test_a_node_of_given_structures(driver, new_node, image, destroy_later):
    disks = [{"boot": True, "autoDelete": True, "initializeParams": {"sourceImage": image.extra["selfLink"], "diskName": new_name("d")}}]
    nics = [{"network": driver.ex_get_network("default").extra["selfLink"], "accessConfigs": []}]
    node = new_node(image=None, ex_disks_gce_struct=disks, ex_nic_gce_struct=nics)
    assert node.public_ips == [] and node.extra["boot_disk"].name == disks[0]["initializeParams"]["diskName"]
