"""What Libcloud's driver finds: places, sizes, images, projects; and who may do what with it."""

import uuid

import pytest
from cloud import PROJECT
from libcloud.common.google import GoogleBaseError, ResourceNotFoundError


def test_places(driver):
    assert (driver.zone.name, driver.zone.status, driver.region.name) == ("us-central1-a", "UP", "us-central1")
    assert {"us-central1-a", "us-central1-b", "europe-west1-b"} <= {zone.name for zone in driver.ex_list_zones()}
    region = driver.ex_get_region("us-central1")
    assert region.status == "UP" and "us-central1-a" in [zone.name for zone in region.zones]
    assert {quota["metric"] for quota in region.quotas} >= {"CPUS", "DISKS_TOTAL_GB", "STATIC_ADDRESSES"}
    assert driver.ex_get_zone("nowhere-1-a") is None
    [here] = [place for place in driver.list_locations() if place.name == "us-central1-a"]
    assert here.country == "us"


def test_sizes(driver):
    sizes = {size.name: size for size in driver.list_sizes(driver.zone)}
    assert (sizes["n1-standard-1"].ram, sizes["n1-standard-1"].extra["guestCpus"]) == (3840, 1)
    assert sizes["e2-micro"].extra["selfLink"].endswith("/zones/us-central1-a/machineTypes/e2-micro")
    size = driver.ex_get_size("e2-standard-4")
    assert (size.ram, size.extra["guestCpus"], size.extra["zone"].name) == (16384, 4, "us-central1-a")
    with pytest.raises(ResourceNotFoundError):
        driver.ex_get_size("no-such-size")


def test_disk_types_and_accelerators(driver):
    assert driver.ex_get_disktype("pd-ssd").extra["default_disk_size_gb"] == "100"
    assert {"pd-standard", "pd-balanced"} <= {kind.name for kind in driver.ex_list_disktypes(driver.zone)}
    assert driver.ex_get_accelerator_type("nvidia-tesla-t4").extra["maximumCardsPerInstance"] == 4


def test_images(driver):
    image = driver.ex_get_image_from_family("debian-12", ex_project_list=["debian-cloud"])
    assert image.name.startswith("debian-12-") and image.extra["family"] == "debian-12" and image.extra["status"] == "READY"
    assert "/projects/debian-cloud/global/images/" in image.extra["selfLink"] and image.extra["licenses"][0].name
    assert driver.ex_get_image(image.name, ex_project_list=["debian-cloud"]).id == image.id
    # By a part of the name it takes the newest that has it, of whatever architecture.
    assert driver.ex_get_image("debian-12", ex_project_list=["debian-cloud"]).extra["family"].startswith("debian-12")
    assert image.id in [found.id for found in driver.list_images(ex_project="debian-cloud")]
    with pytest.raises(ResourceNotFoundError):
        driver.ex_get_image("no-such-image")
    with pytest.raises(ResourceNotFoundError):
        driver.ex_get_image_from_family("no-such-family")


def test_the_project(driver):
    project = driver.ex_get_project()
    assert project.name == PROJECT and int(project.id) > 0 and {quota["metric"] for quota in project.quotas} >= {"NETWORKS", "FIREWALLS"}
    value = uuid.uuid4().hex
    assert driver.ex_set_common_instance_metadata({"python": value}, force=True)
    assert {item["key"]: item["value"] for item in driver.ex_get_project().metadata} == {"python": value}
    assert project.set_common_instance_metadata(None, force=True)
    assert not driver.ex_get_project().metadata


def test_pages_and_filters_of_lists(driver):
    zones = driver.ex_list(driver.ex_list_zones).filter("name eq us-central1-.").page(3)
    names = [[zone.name for zone in page] for page in zones]
    assert [len(page) for page in names] == [3, 1] and {name for page in names for name in page} == {
        f"us-central1-{letter}" for letter in "abcf"
    }


def test_a_viewer_may_look_and_no_more(new_driver, driver):
    viewer = new_driver("roles/compute.viewer")
    assert viewer.ex_get_network("default").extra["mode"] == "auto" and isinstance(viewer.list_nodes(), list)
    with pytest.raises(GoogleBaseError, match="compute.networks.create") as refused:
        viewer.ex_create_network("not-mine", cidr=None, mode="auto")
    assert refused.value.http_code == 403
    with pytest.raises(ResourceNotFoundError):
        driver.ex_get_network("not-mine")
