"""What the tests of google-cloud-compute share: its clients, where they go, and how operations are waited for."""

import os
import pathlib
import uuid

from google.api_core.client_options import ClientOptions
from google.api_core.future.polling import DEFAULT_POLLING
from google.auth.credentials import AnonymousCredentials
from google.cloud import compute_v1

BASE = os.environ["FOGBANK_BASE"]
PROJECT = "demo-project"
REGION, ZONE = "us-central1", "us-central1-a"
IMAGE = "projects/debian-cloud/global/images/family/debian-12"

if BASE.startswith("https:"):
    os.environ["REQUESTS_CA_BUNDLE"] = str(pathlib.Path(os.environ["FOGBANK_DATA"]) / "tls" / "bundle.pem")

# As the library polls, only sooner than after a second.
POLLING = DEFAULT_POLLING.with_delay(initial=0.02, multiplier=1.3, maximum=0.5)


class Cloud:
    """`cloud.instance_group_managers` is the library's `InstanceGroupManagersClient`, made at first use.

    A client that is given an endpoint asks for the state of its operations at the default one (`_extended_operations_services` of
    its transport are made without options), so that no emulator and no private endpoint can be waited for. Each client here gets
    operations' clients that go where it goes; nothing else is changed."""

    def __init__(self, credentials=None):
        self.credentials = credentials or AnonymousCredentials()

    def __getattr__(self, name):
        kind = getattr(compute_v1, "".join(word.title() for word in name.split("_")) + "Client")
        client = kind(credentials=self.credentials, client_options=ClientOptions(api_endpoint=BASE))
        setattr(self, name, client)
        if hasattr(client.transport, "_extended_operations_services"):
            for scope in ("global_operations", "region_operations", "zone_operations"):
                client.transport._extended_operations_services[scope] = getattr(self, scope)
        return client


def done(operation, timeout=60):
    """Waits for an operation, raises what it failed with, and gives it back."""
    operation.result(timeout=timeout, polling=POLLING)
    return operation


def reason(raised):
    """The first reason that an error of the library carries, from an answer or from an operation."""
    errors = raised.value.errors
    return errors[0]["reason"] if isinstance(errors[0], dict) else errors[0].code


def new_name(prefix="t"):
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def last(link):
    """The name at the end of a link."""
    return link.rsplit("/", 1)[-1]


def instance(name, machine_type="e2-micro", disks=None, network="global/networks/default", **more):
    """An instance as users write it: a boot disk from an image, an interface in a network."""
    boot = compute_v1.AttachedDisk(
        boot=True, auto_delete=True, initialize_params=compute_v1.AttachedDiskInitializeParams(source_image=IMAGE)
    )
    more.setdefault("network_interfaces", [compute_v1.NetworkInterface(network=network)])
    return compute_v1.Instance(
        name=name, machine_type=f"zones/{ZONE}/machineTypes/{machine_type}", disks=[boot] if disks is None else disks, **more
    )


def word(client):
    """What a client's methods call one of its resources: `url_map`."""
    return next(name.removesuffix("_resource") for name in client.insert.__annotations__ if name.endswith("_resource"))
