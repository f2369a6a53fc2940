"""Google's libraries for IAM, Resource Manager, Service Usage and API Keys, with a key file, over REST."""

import uuid

import pytest
from cloud import BASE, PROJECT, note
from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.auth.transport.requests import AuthorizedSession
from google.cloud import api_keys_v2, iam_credentials_v1, iam_v2, resourcemanager_v3, service_usage_v1
from google.iam.v1 import policy_pb2
from google.protobuf import duration_pb2
from googleapiclient import discovery
from googleapiclient.errors import HttpError
from httplib2 import Response


@pytest.fixture
def owner(new_account, operator, grant_on_project):
    """An account that owns the project and may make others in the organization."""
    account = new_account()
    for role in ("roles/owner", "roles/iam.denyAdmin", "roles/serviceusage.serviceUsageAdmin", "roles/serviceusage.apiKeysAdmin"):
        grant_on_project(role, account.member)
    return account


@pytest.fixture
def organization(operator, owner):
    [found] = operator.get("/v3/organizations:search")["organizations"]
    policy = operator.post(f"/v3/{found['name']}:getIamPolicy")
    roles = ["roles/resourcemanager.organizationAdmin", "roles/resourcemanager.folderAdmin", "roles/resourcemanager.projectCreator"]
    bindings = policy.get("bindings", []) + [{"role": role, "members": [owner.member]} for role in roles]
    operator.post(f"/v3/{found['name']}:setIamPolicy", {"policy": policy | {"bindings": bindings}})
    return found["name"]


def client(kind, account):
    options = ClientOptions(api_endpoint=BASE)
    return kind(credentials=account.credentials(), transport="rest", client_options=options)


def test_projects_folders_and_their_policies(owner, organization):
    folders, projects = client(resourcemanager_v3.FoldersClient, owner), client(resourcemanager_v3.ProjectsClient, owner)
    wanted = resourcemanager_v3.Folder(parent=organization, display_name=f"f-{uuid.uuid4().hex[:8]}")
    folder = folders.create_folder(folder=wanted).result(timeout=20)
    assert folder.display_name == wanted.display_name and folder.name.startswith("folders/")
    assert folder.name in [found.name for found in folders.list_folders(parent=organization)]
    project_id = f"p-{uuid.uuid4().hex[:10]}"
    made = projects.create_project(project=resourcemanager_v3.Project(project_id=project_id, parent=folder.name)).result(timeout=20)
    assert made.project_id == project_id and made.parent == folder.name
    assert projects.get_project(name=f"projects/{project_id}").name == made.name
    assert [found.project_id for found in projects.search_projects(query=f"id:{project_id}")] == [project_id]
    policy = projects.get_iam_policy(resource=f"projects/{project_id}")
    stale = policy_pb2.Policy(etag=policy.etag)
    policy.bindings.add(role="roles/viewer", members=["user:ann@example.com"])
    assert projects.set_iam_policy(request={"resource": f"projects/{project_id}", "policy": policy}).etag != stale.etag
    with pytest.raises(exceptions.Conflict):
        projects.set_iam_policy(request={"resource": f"projects/{project_id}", "policy": stale})
    allowed = projects.test_iam_permissions(resource=f"projects/{project_id}", permissions=["resourcemanager.projects.get"])
    assert list(allowed.permissions) == ["resourcemanager.projects.get"]
    assert projects.delete_project(name=f"projects/{project_id}").result(timeout=20).state.name == "DELETE_REQUESTED"


def test_a_project_of_somebody_else_is_not_there_for_me(account):
    projects = client(resourcemanager_v3.ProjectsClient, account)
    with pytest.raises(exceptions.Forbidden):
        projects.get_project(name=f"projects/{PROJECT}")
    assert list(projects.search_projects()) == []
    with pytest.raises(exceptions.Forbidden):
        projects.get_project(name="projects/never-created-at-all")


def test_tags(owner, operator):
    keys, values = client(resourcemanager_v3.TagKeysClient, owner), client(resourcemanager_v3.TagValuesClient, owner)
    name = f"k{uuid.uuid4().hex[:8]}"
    key = keys.create_tag_key(tag_key=resourcemanager_v3.TagKey(parent=f"projects/{PROJECT}", short_name=name)).result(timeout=20)
    value = values.create_tag_value(tag_value=resourcemanager_v3.TagValue(parent=key.name, short_name="v")).result(timeout=20)
    assert value.namespaced_name == f"{PROJECT}/{name}/v"
    assert [found.short_name for found in values.list_tag_values(parent=key.name)] == ["v"]


def test_iam_credentials(owner, new_account):
    target = new_account()
    target.grant("roles/iam.serviceAccountTokenCreator", owner.member)
    library = client(iam_credentials_v1.IAMCredentialsClient, owner)
    name = f"projects/-/serviceAccounts/{target.email}"
    lifetime = duration_pb2.Duration(seconds=300)
    made = library.generate_access_token(name=name, scope=["https://www.googleapis.com/auth/cloud-platform"], lifetime=lifetime)
    assert note("token", made.access_token)
    assert library.generate_id_token(name=name, audience="https://run.example").token.count(".") == 2
    assert library.sign_blob(name=name, payload=b"bytes").signed_blob
    with pytest.raises(exceptions.Forbidden):
        library.sign_blob(name=f"projects/-/serviceAccounts/{new_account().email}", payload=b"bytes")


def test_deny_policies(owner, bucket, operator, storage_admin):
    library = client(iam_v2.PoliciesClient, owner)
    bucket.blob("o").upload_from_string("content")
    rule = iam_v2.DenyRule(
        denied_principals=[f"principal://iam.googleapis.com/projects/-/serviceAccounts/{storage_admin.email}"],
        denied_permissions=["storage.googleapis.com/objects.delete"],
    )
    policy = iam_v2.Policy(display_name="none", rules=[iam_v2.PolicyRule(deny_rule=rule)])
    parent = f"policies/cloudresourcemanager.googleapis.com%2Fprojects%2F{PROJECT}/denypolicies"
    made = library.create_policy(parent=parent, policy=policy, policy_id=f"p-{uuid.uuid4().hex[:8]}").result(timeout=20)
    try:
        with pytest.raises(exceptions.Forbidden):
            bucket.blob("o").delete()
        assert made.name in [found.name for found in library.list_policies(parent=parent)]
    finally:
        library.delete_policy(name=made.name).result(timeout=20)
    bucket.blob("o").delete()


def test_service_usage_and_api_keys(owner):
    usage = client(service_usage_v1.ServiceUsageClient, owner)
    enabled = usage.enable_service(request={"name": f"projects/{PROJECT}/services/storage.googleapis.com"}).result(timeout=20)
    assert enabled.service.state.name == "ENABLED"
    names = [found.config.name for found in usage.list_services(request={"parent": f"projects/{PROJECT}", "filter": "state:ENABLED"})]
    assert "storage.googleapis.com" in names
    keys = client(api_keys_v2.ApiKeysClient, owner)
    wanted = api_keys_v2.Key(display_name="library")
    made = keys.create_key(parent=f"projects/{PROJECT}/locations/global", key=wanted).result(timeout=20)
    text = note("api-key", keys.get_key_string(name=made.name).key_string)
    assert keys.lookup_key(request={"key_string": text}).name == made.name
    keys.delete_key(name=made.name).result(timeout=20)
    assert made.name not in [found.name for found in keys.list_keys(parent=f"projects/{PROJECT}/locations/global")]


class Http:
    """What googleapiclient takes for httplib2, over the session of google-auth."""

    def __init__(self, account):
        self.session = AuthorizedSession(account.credentials())

    def request(self, uri, method="GET", body=None, headers=None, **_):
        answer = self.session.request(method, uri, data=body, headers=headers)
        return Response({"status": str(answer.status_code), **answer.headers}), answer.content


def test_iam_by_its_discovery_document(owner, new_account):
    """google-cloud-iam has no REST transport for this API."""
    iam = discovery.build("iam", "v1", http=Http(owner), static_discovery=True, client_options={"api_endpoint": BASE})
    accounts = iam.projects().serviceAccounts()
    name = f"d-{uuid.uuid4().hex[:10]}"
    made = accounts.create(name=f"projects/{PROJECT}", body={"accountId": name, "serviceAccount": {"displayName": "D"}}).execute()
    patched = accounts.patch(name=made["name"], body={"serviceAccount": {"displayName": "E"}, "updateMask": "displayName"}).execute()
    assert patched["displayName"] == "E" and accounts.get(name=made["name"]).execute()["displayName"] == "E"
    emails, request = [], accounts.list(name=f"projects/{PROJECT}", pageSize=2)
    while request is not None:
        page = request.execute()
        emails += [found["email"] for found in page.get("accounts", [])]
        request = accounts.list_next(request, page)
    assert made["email"] in emails and len(set(emails)) == len(emails)
    roles = iam.projects().roles()
    role = f"r{uuid.uuid4().hex[:8]}"
    wanted = {"roleId": role, "role": {"title": "R", "includedPermissions": ["storage.objects.get"], "stage": "GA"}}
    assert roles.create(parent=f"projects/{PROJECT}", body=wanted).execute()["name"] == f"projects/{PROJECT}/roles/{role}"
    with pytest.raises(HttpError) as refused:
        roles.create(parent=f"projects/{PROJECT}", body=wanted).execute()
    assert refused.value.status_code == 409
    asked = {"permissions": ["iam.serviceAccounts.get", "iam.serviceAccounts.signBlob"]}
    assert accounts.testIamPermissions(resource=made["name"], body=asked).execute()["permissions"] == ["iam.serviceAccounts.get"]
    accounts.delete(name=made["name"]).execute()
    with pytest.raises(HttpError) as gone:
        accounts.delete(name=made["name"]).execute()
    assert gone.value.status_code == 404


def test_a_custom_role_lets_do_what_it_says(owner, account, bucket, operator, grant_on_project):
    role = f"c{uuid.uuid4().hex[:8]}"
    body = {"roleId": role, "role": {"includedPermissions": ["storage.objects.list"], "stage": "GA"}}
    operator.post(f"/v1/projects/{PROJECT}/roles", body)
    grant_on_project(f"projects/{PROJECT}/roles/{role}", account.member)
    session = AuthorizedSession(account.credentials())
    listing = f"{BASE}/storage/v1/b/{bucket.name}/o"
    assert session.get(listing).status_code == 200
    assert session.get(f"{BASE}/storage/v1/b/{bucket.name}").status_code == 403
    changed = operator("PATCH", f"/v1/projects/{PROJECT}/roles/{role}?updateMask=includedPermissions", {"includedPermissions": ["storage.buckets.get"]})
    assert changed.status_code == 200, changed.text
    assert session.get(listing).status_code == 403
    assert session.get(f"{BASE}/storage/v1/b/{bucket.name}").status_code == 200
