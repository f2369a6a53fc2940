"""A project as Compute Engine sees it, with google-cloud-compute."""

import pytest
from gce import PROJECT, ZONE, done, new_name, reason
from google.api_core import exceptions
from google.cloud import compute_v1
from google.cloud.compute_v1 import Items, Metadata


def project(cloud):
    return cloud.projects.get(project=PROJECT)


def test_a_project_and_its_quotas(cloud):
    found = project(cloud)
    assert found.kind == "compute#project" and found.name == PROJECT and found.id > 0
    assert found.default_service_account.endswith("-compute@developer.gserviceaccount.com")
    assert found.default_network_tier == "PREMIUM" and found.xpn_project_status == "UNSPECIFIED_XPN_PROJECT_STATUS"
    quotas = {quota.metric: quota for quota in found.quotas}
    assert quotas["NETWORKS"].usage >= 1 and quotas["NETWORKS"].limit >= quotas["NETWORKS"].usage and quotas["FIREWALLS"].limit > 0


def test_a_network_counts(cloud, network):
    def used():
        return {quota.metric: quota.usage for quota in project(cloud).quotas}["NETWORKS"]

    before = used()
    done(cloud.networks.delete(project=PROJECT, network=network))
    assert used() == before - 1


def test_common_metadata_and_its_fingerprint(cloud):
    before = project(cloud).common_instance_metadata
    others = [item for item in before.items if item.key != "python"]
    value = new_name()
    wanted = Metadata(fingerprint=before.fingerprint, items=others + [Items(key="python", value=value)])
    done(cloud.projects.set_common_instance_metadata(project=PROJECT, metadata_resource=wanted))
    now = project(cloud).common_instance_metadata
    assert {item.key: item.value for item in now.items}["python"] == value and now.fingerprint != before.fingerprint
    with pytest.raises(exceptions.PreconditionFailed) as stale:
        done(cloud.projects.set_common_instance_metadata(project=PROJECT, metadata_resource=wanted))
    assert reason(stale) == "conditionNotMet"
    done(
        cloud.projects.set_common_instance_metadata(project=PROJECT, metadata_resource=Metadata(fingerprint=now.fingerprint, items=others))
    )
    assert "python" not in [item.key for item in project(cloud).common_instance_metadata.items]


def test_the_default_network_tier(cloud):
    def tier(name):
        request = compute_v1.ProjectsSetDefaultNetworkTierRequest(network_tier=name)
        done(cloud.projects.set_default_network_tier(project=PROJECT, projects_set_default_network_tier_request_resource=request))
        return project(cloud).default_network_tier

    assert tier("STANDARD") == "STANDARD" and tier("PREMIUM") == "PREMIUM"


def test_what_is_not_built_says_so(cloud):
    with pytest.raises(exceptions.GoogleAPICallError, match="compute.instances.getScreenshot") as missing:
        cloud.instances.get_screenshot(project=PROJECT, zone=ZONE, instance="any")
    assert missing.value.code == 400 and reason(missing) == "notImplemented"
