"""Nodes that are containers, with Libcloud's driver."""

import pytest
from gce import new_name
from inside import containers, says, until

pytestmark = pytest.mark.containers

SCRIPT = '#!/bin/sh\necho "$(hostname) is there"\n'


def test_a_nodes_private_address_is_its_containers(driver, new_node):
    node = new_node(ex_metadata={"items": [{"key": "startup-script", "value": SCRIPT}]})
    [address] = node.private_ips
    assert address in says(node.id, "hostname -I").split() and says(node.id, "hostname") == node.name
    until(lambda: f"{node.name} is there" in driver.ex_get_serial_output(node), "nothing of the script on the console")
    assert driver.destroy_node(node) and containers(node.id) == []


def test_a_token_of_the_machine_is_of_its_service_account(driver, new_node):
    node = new_node(ex_service_accounts=[{"email": "default", "scopes": ["cloud-platform"]}])
    asked = "curl -sf -H 'Metadata-Flavor: Google' http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default"
    assert says(node.id, f"{asked}/email") == node.extra["serviceAccounts"][0]["email"]
    assert '"access_token"' in says(node.id, f"{asked}/token")


def test_many_nodes_and_none_left(driver, destroy_later, image):
    made = driver.ex_create_multiple_nodes(new_name("many"), "e2-micro", image, 3, poll_interval=0.2)
    for node in made:
        destroy_later(node)
    assert len({node.private_ips[0] for node in made}) == 3
    assert all(node.private_ips[0] in says(node.id, "hostname -I").split() for node in made)
    assert driver.ex_destroy_multiple_nodes(made, poll_interval=0.2) == [True, True, True]
    assert [containers(node.id) for node in made] == [[], [], []]
