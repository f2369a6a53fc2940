"""Volumes, snapshots and images with Libcloud's driver."""

import datetime

import pytest
from gce import new_name
from libcloud.common.google import GoogleBaseError, InvalidRequestError, ResourceExistsError, ResourceNotFoundError


@pytest.fixture
def new_volume(driver, destroy_later):
    def make(size=20, **more):
        return destroy_later(driver.create_volume(size, new_name("disk"), **more))

    return make


def test_volumes(driver, new_volume):
    volume = new_volume(ex_disk_type="pd-ssd")
    assert (volume.size, volume.extra["type"], volume.extra["status"]) == ("20", "pd-ssd", "READY")
    assert volume.extra["zone"].name == "us-central1-a" and volume.id in [found.id for found in driver.list_volumes()]
    assert driver.ex_get_volume(volume.name).id == driver.ex_get_volume(volume.name, "us-central1-a").id == volume.id
    assert driver.create_volume(20, volume.name, use_existing=True).id == volume.id
    with pytest.raises(ResourceExistsError):
        driver.create_volume(20, volume.name, use_existing=False)
    assert driver.ex_resize_volume(volume, 40) and driver.ex_get_volume(volume.name).size == "40"
    with pytest.raises(InvalidRequestError):
        driver.ex_resize_volume(volume, 10)
    assert driver.ex_set_volume_labels(driver.ex_get_volume(volume.name), {"env": "dev"})
    assert driver.ex_get_volume(volume.name).extra["labels"] == {"env": "dev"}
    assert driver.destroy_volume(volume)
    with pytest.raises(ResourceNotFoundError):
        driver.ex_get_volume(volume.name)


def test_a_volume_is_attached_and_detached(driver, new_node, new_volume):
    node, volume = new_node(), new_volume()
    assert driver.attach_volume(node, volume, ex_auto_delete=False)
    kept = driver.ex_get_node(node.name).extra["disks"][1]
    assert (kept["deviceName"], kept["mode"], kept["boot"]) == (volume.name, "READ_WRITE", False) and kept["source"].endswith(volume.name)
    assert driver.ex_get_volume(volume.name).extra["users"][0].endswith(node.name)
    with pytest.raises(GoogleBaseError, match=node.name):
        driver.destroy_volume(volume)
    assert driver.ex_set_volume_auto_delete(volume, node, auto_delete=True)
    assert driver.ex_get_node(node.name).extra["disks"][1]["autoDelete"] is True
    assert driver.detach_volume(volume, ex_node=node)
    assert len(driver.ex_get_node(node.name).extra["disks"]) == 1 and not driver.ex_get_volume(volume.name).extra["users"]


def test_a_node_boots_from_a_volume(driver, new_node, new_volume, image):
    volume = new_volume(size=None, image=image)
    assert volume.extra["sourceImage"].endswith(image.name) and volume.size == "10"
    node = new_node(image=None, ex_boot_disk=volume)
    assert node.extra["boot_disk"].id == volume.id and node.image == image.name


def test_snapshots(driver, destroy_later, new_volume):
    volume = new_volume()
    snapshot = destroy_later(volume.snapshot(new_name("snap")))
    assert (snapshot.size, snapshot.status, snapshot.extra["sourceDisk"]) == ("20", "READY", volume.extra["selfLink"])
    assert abs(snapshot.created - datetime.datetime.now(datetime.timezone.utc)) < datetime.timedelta(minutes=5)
    assert [found.id for found in driver.list_volume_snapshots(volume)] == [snapshot.id]
    assert snapshot.id in [found.id for found in driver.ex_list_snapshots()] and driver.ex_get_snapshot(snapshot.name).id == snapshot.id
    restored = new_volume(size=None, snapshot=snapshot)
    assert restored.size == "20" and restored.extra["sourceSnapshot"].endswith(snapshot.name)
    assert snapshot.destroy()
    with pytest.raises(ResourceNotFoundError):
        driver.ex_get_snapshot(snapshot.name)


class Image:
    """What the library's images have under other names."""

    def __init__(self, image):
        self.destroy = image.delete


def test_images_of_ones_own(driver, destroy_later, new_volume):
    family = new_name("family")
    made = driver.ex_create_image(new_name("image"), new_volume(), family=family, description="mine", ex_labels={"env": "dev"})
    destroy_later(Image(made))
    assert (made.extra["family"], made.extra["status"], made.extra["diskSizeGb"]) == (family, "READY", "20")
    assert made.extra["labels"] == {"env": "dev"} and driver.ex_get_image_from_family(family).id == made.id
    assert made.id in [found.id for found in driver.list_images(ex_project=driver.project)]
    assert driver.ex_set_image_labels(driver.ex_get_image(made.name), {"env": "live"})
    assert driver.ex_get_image(made.name).extra["labels"] == {"env": "live"}
    with pytest.raises(ResourceExistsError):
        driver.ex_create_image(made.name, new_volume(), use_existing=False)
    assert driver.ex_deprecate_image(made, made, state="DEPRECATED")
    assert driver.ex_get_image(made.name).extra["deprecated"]["state"] == "DEPRECATED"
    assert driver.ex_delete_image(made)
    with pytest.raises(ResourceNotFoundError):
        driver.ex_get_image_from_family(family)
