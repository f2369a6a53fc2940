"""Machines that are containers, with google-cloud-compute: what the API says of them is true of them."""

import pytest
import requests
from gce import PROJECT, ZONE, done, new_name
from google.cloud import compute_v1
from google.cloud.compute_v1 import AccessConfig, Allowed, AttachedDisk, Firewall, Items, Metadata, NetworkInterface, Tags
from inside import containers, says, until

pytestmark = pytest.mark.containers

SCRIPT = """#!/bin/sh
mkdir -p /srv/page && cd /srv/page
hostname >index.html
nohup python3 -m http.server 80 >/dev/null 2>&1 &
curl -sf -X PUT -H 'Metadata-Flavor: Google' -d "$(hostname -I)" \
    http://metadata.google.internal/computeMetadata/v1/instance/guest-attributes/page/addresses
echo "the page of $(hostname) is ready"
"""


def page(address):
    try:
        return requests.get(f"http://{address}/", timeout=2, proxies={"http": None}).text.strip()
    except requests.RequestException:
        return None


@pytest.fixture
def rule(cloud, later, subnetwork):
    """Lets everybody in at port 80 of machines with the tag `web`."""
    tcp = Allowed(I_p_protocol="tcp", ports=["80"])
    wanted = Firewall(name=new_name("web"), network=f"global/networks/{subnetwork}", allowed=[tcp], target_tags=["web"])
    done(cloud.firewalls.insert(project=PROJECT, firewall_resource=wanted))
    later(cloud.firewalls.delete, firewall=wanted.name)
    return wanted.name


@pytest.fixture
def web(rule, subnetwork, new_instance):
    """A machine with an external address, whose script serves a page with its name."""
    access = AccessConfig(name="External NAT", type_="ONE_TO_ONE_NAT")
    nic = NetworkInterface(subnetwork=f"regions/us-central1/subnetworks/{subnetwork}", access_configs=[access])
    items = [Items(key="startup-script", value=SCRIPT), Items(key="enable-guest-attributes", value="TRUE")]
    return new_instance(network_interfaces=[nic], metadata=Metadata(items=items), tags=Tags(items=["web"]))


def test_a_machine_answers_at_the_address_that_it_has(cloud, web, rule):
    where = {"project": PROJECT, "zone": ZONE, "instance": web.name}
    [nic] = web.network_interfaces
    outside = nic.access_configs[0].nat_i_p
    assert until(lambda: page(outside), f"no page at {outside}") == web.name
    assert nic.network_i_p in says(web.id, "hostname -I").split()

    def console():
        output = cloud.instances.get_serial_port_output(**where)
        return output if f"the page of {web.name} is ready" in output.contents else None

    output = until(console, "nothing of the script on the console")
    rest = compute_v1.GetSerialPortOutputInstanceRequest(**where, start=output.next_)
    assert "the page of" not in cloud.instances.get_serial_port_output(request=rest).contents
    attributes = cloud.instances.get_guest_attributes(request=compute_v1.GetGuestAttributesInstanceRequest(**where, query_path="page/"))
    [found] = attributes.query_value.items
    assert (found.namespace, found.key) == ("page", "addresses") and nic.network_i_p in found.value.split()
    # A rule counts at once, on a machine that runs.
    done(cloud.firewalls.patch(project=PROJECT, firewall=rule, firewall_resource=Firewall(disabled=True)))
    assert page(outside) is None
    done(cloud.firewalls.patch(project=PROJECT, firewall=rule, firewall_resource=Firewall(disabled=False)))
    assert page(outside) == web.name


def test_machines_find_each_other_by_name(cloud, web, subnetwork, new_instance):
    other = new_instance(network_interfaces=[NetworkInterface(subnetwork=f"regions/us-central1/subnetworks/{subnetwork}")])
    until(lambda: page(web.network_interfaces[0].access_configs[0].nat_i_p), "no page")
    full = f"{web.name}.{ZONE}.c.{PROJECT}.internal"
    for name in (web.name, full, web.network_interfaces[0].network_i_p):
        assert says(other.id, f"curl -sf -m 5 http://{name}/") == web.name


def test_what_is_on_a_disk_stays(cloud, new_disk, new_instance):
    disk = new_disk(size_gb=10)
    first = new_instance()
    attached = AttachedDisk(source=disk.self_link, device_name="data")
    done(cloud.instances.attach_disk(project=PROJECT, zone=ZONE, instance=first.name, attached_disk_resource=attached))
    says(first.id, "echo kept >/mnt/disks/data/file && echo root >/root/file")
    done(cloud.instances.stop(project=PROJECT, zone=ZONE, instance=first.name))
    assert cloud.instances.get(project=PROJECT, zone=ZONE, instance=first.name).status == "TERMINATED"
    done(cloud.instances.start(project=PROJECT, zone=ZONE, instance=first.name))
    assert says(first.id, "cat /mnt/disks/data/file /root/file").split() == ["kept", "root"]
    done(cloud.instances.detach_disk(project=PROJECT, zone=ZONE, instance=first.name, device_name="data"))
    second = new_instance()
    done(cloud.instances.attach_disk(project=PROJECT, zone=ZONE, instance=second.name, attached_disk_resource=attached))
    assert says(second.id, "cat /mnt/disks/data/file") == "kept"


def test_f09_a_deleted_machine_leaves_nothing(cloud, new_instance):
    made = new_instance()
    assert containers(made.id)
    done(cloud.instances.delete(project=PROJECT, zone=ZONE, instance=made.name))
    assert containers(made.id) == []
