"""Apache Libcloud's driver with a service account's key file, on a server that asks everybody who they are, over HTTPS."""

import json
import os
import pathlib

import libcloud.security
import pytest
from cloud import BASE, PROJECT, Account, Caller, grant, note
from gce import new_name
from libcloud.common.google import GoogleServiceAcctAuthConnection, ResourceNotFoundError
from libcloud.compute.drivers.gce import GCEConnection
from libcloud.compute.providers import get_driver
from libcloud.compute.types import Provider

DATA = pathlib.Path(os.environ["FOGBANK_DATA"])


@pytest.fixture(scope="session")
def operator():
    return Caller(note("token", (DATA / "administrator-token").read_text().strip()))


@pytest.fixture(scope="session")
def new_driver(operator, tmp_path_factory):
    """`new_driver("roles/compute.viewer")`: a driver with the key file of an account that has these roles in the project.

    Libcloud sends all requests to `www.googleapis.com` and gets tokens from `accounts.google.com`. `base_url` of its two connection
    classes, which it documents for this, is pointed at the server. Its `Host` header stays `www.googleapis.com`, and so do all links.
    It waits two seconds between looks at an operation; that is shortened."""
    patch = pytest.MonkeyPatch()
    patch.setattr(libcloud.security, "CA_CERTS_PATH", str(DATA / "tls" / "bundle.pem"))
    patch.setattr(GCEConnection, "base_url", BASE, raising=False)
    patch.setattr(GoogleServiceAcctAuthConnection, "base_url", BASE, raising=False)
    patch.setattr(GCEConnection, "poll_interval", 0.1)

    def make(*roles, **more):
        account = Account(operator)
        for role in roles:
            grant(operator, f"/v1/projects/{PROJECT}", role, account.member)
        folder = tmp_path_factory.mktemp("account")
        (folder / "key.json").write_text(json.dumps(account.key()))
        options = {"project": PROJECT, "datacenter": "us-central1-a", "auth_type": "SA", "credential_file": str(folder / "token.json")}
        made = get_driver(Provider.GCE)(account.email, str(folder / "key.json"), **options | more)
        note("token", json.loads((folder / "token.json").read_text())["access_token"])
        return made

    yield make
    patch.undo()


@pytest.fixture(scope="session")
def driver(new_driver):
    return new_driver("roles/compute.admin", "roles/iam.serviceAccountUser")


@pytest.fixture
def destroy_later():
    """`destroy_later(thing)` destroys it after the test, last made first gone, unless it is gone."""
    things = []

    def keep(thing):
        things.append(thing)
        return thing

    yield keep
    for thing in reversed(things):
        try:
            thing.destroy()
        except ResourceNotFoundError:
            continue


@pytest.fixture(scope="session")
def image(driver):
    return driver.ex_get_image_from_family("debian-12", ex_project_list=["debian-cloud"])


@pytest.fixture
def new_node(driver, destroy_later, image):
    """`new_node(ex_tags=[...])` makes one of debian-12 on e2-micro, unless told otherwise."""

    def make(size="e2-micro", **more):
        return destroy_later(driver.create_node(new_name("node"), size, more.pop("image", image), **more))

    return make
