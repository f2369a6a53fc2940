"""google-cloud-compute with key files: roles on the project, on one subnetwork and on one instance; a machine's service account."""

import pytest
from cloud import Account, Caller, grant
from gce import PROJECT, REGION, ZONE, Cloud, done, instance, new_name, reason
from google.api_core import exceptions
from google.cloud import compute_v1


@pytest.fixture
def new_account(operator):
    """`new_account("roles/compute.viewer")`: an account with these roles in the project, and clients that are it."""

    def make(*roles):
        account = Account(operator)
        for role in roles:
            grant(operator, f"/v1/projects/{PROJECT}", role, account.member)
        account.cloud = Cloud(account.credentials())
        return account

    return make


@pytest.fixture
def cloud(new_account):
    """An administrator's clients, in place of those that are nobody's."""
    return new_account("roles/compute.admin", "roles/iam.serviceAccountUser").cloud


def test_a_viewer_looks_and_changes_nothing(new_account, new_instance):
    viewer, made = new_account("roles/compute.viewer").cloud, new_instance()
    where = {"project": PROJECT, "zone": ZONE, "instance": made.name}
    assert viewer.instances.get(**where).id == made.id
    assert made.name in [each.name for each in viewer.instances.list(project=PROJECT, zone=ZONE)]
    with pytest.raises(exceptions.Forbidden, match="compute.instances.delete") as refused:
        viewer.instances.delete(**where)
    assert reason(refused) == "forbidden"
    with pytest.raises(exceptions.Forbidden, match="compute.instances.stop"):
        viewer.instances.stop(**where)
    with pytest.raises(exceptions.Forbidden, match="compute.networks.create"):
        viewer.networks.insert(project=PROJECT, network_resource=compute_v1.Network(name=new_name(), auto_create_subnetworks=False))
    asked = compute_v1.TestPermissionsRequest(permissions=["compute.instances.get", "compute.instances.delete"])
    allowed = viewer.instances.test_iam_permissions(project=PROJECT, zone=ZONE, resource=made.name, test_permissions_request_resource=asked)
    assert list(allowed.permissions) == ["compute.instances.get"]


def test_f26_nobody_is_let_in(new_account, new_instance):
    stranger, made = new_account().cloud, new_instance()
    for call in (
        lambda: stranger.instances.get(project=PROJECT, zone=ZONE, instance=made.name),
        lambda: stranger.instances.list(project=PROJECT, zone=ZONE),
        lambda: stranger.instances.aggregated_list(project=PROJECT),
        lambda: stranger.networks.list(project=PROJECT),
        lambda: stranger.projects.get(project=PROJECT),
        lambda: stranger.instances.get_serial_port_output(project=PROJECT, zone=ZONE, instance=made.name),
    ):
        with pytest.raises(exceptions.Forbidden, match="compute[.]"):
            call()
    answer = Caller()("GET", f"/compute/v1/projects/{PROJECT}/zones/{ZONE}/instances")
    assert answer.status_code == 401 and "Bearer" in answer.headers["WWW-Authenticate"], answer.text


def test_a_policy_of_one_instance(cloud, new_account, new_instance):
    friend, mine, other = new_account(), new_instance(), new_instance()
    policy = compute_v1.Policy(bindings=[compute_v1.Binding(role="roles/compute.instanceAdmin.v1", members=[friend.member])])
    request = compute_v1.ZoneSetPolicyRequest(policy=policy)
    cloud.instances.set_iam_policy(project=PROJECT, zone=ZONE, resource=mine.name, zone_set_policy_request_resource=request)
    assert friend.cloud.instances.get(project=PROJECT, zone=ZONE, instance=mine.name).id == mine.id
    labels = compute_v1.InstancesSetLabelsRequest(label_fingerprint=mine.label_fingerprint, labels={"by": "friend"})
    friend.cloud.instances.set_labels(project=PROJECT, zone=ZONE, instance=mine.name, instances_set_labels_request_resource=labels)
    with pytest.raises(exceptions.Forbidden):
        friend.cloud.instances.get(project=PROJECT, zone=ZONE, instance=other.name)


def test_an_instance_needs_the_right_to_its_service_account(new_account, operator, later, cloud):
    robot = Account(operator)
    maker = new_account("roles/compute.instanceAdmin.v1", "roles/compute.networkUser")
    account = compute_v1.ServiceAccount(email=robot.email, scopes=["https://www.googleapis.com/auth/cloud-platform"])
    wanted = instance(new_name("vm"), service_accounts=[account])
    with pytest.raises(exceptions.GoogleAPICallError, match="serviceAccount|service account|actAs"):
        done(maker.cloud.instances.insert(project=PROJECT, zone=ZONE, instance_resource=wanted))
    robot.grant("roles/iam.serviceAccountUser", maker.member)
    done(maker.cloud.instances.insert(project=PROJECT, zone=ZONE, instance_resource=wanted))
    later(cloud.instances.delete, zone=ZONE, instance=wanted.name)
    made = maker.cloud.instances.get(project=PROJECT, zone=ZONE, instance=wanted.name)
    assert [each.email for each in made.service_accounts] == [robot.email]


def test_an_operation_says_whose_it_is(new_account, later):
    admin = new_account("roles/compute.admin")
    name = new_name("a")
    operation = done(admin.cloud.addresses.insert(project=PROJECT, region=REGION, address_resource=compute_v1.Address(name=name)))
    later(admin.cloud.addresses.delete, region=REGION, address=name)
    assert admin.cloud.region_operations.get(project=PROJECT, region=REGION, operation=operation.name).user == admin.email
