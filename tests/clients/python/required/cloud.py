"""What the tests of a server that asks everybody who they are share: callers, accounts with key files, noted secrets."""

import json
import os
import uuid
from base64 import b64decode

import requests
from google.cloud import storage
from google.oauth2 import service_account

BASE = os.environ["FOGBANK_BASE"]
PROJECT = "demo-project"
CLOUD = ["https://www.googleapis.com/auth/cloud-platform"]


def note(kind, secret):
    """Notes a secret for `no-secrets`, and gives it back."""
    with open(os.environ["FOGBANK_SECRETS"], "a") as file:
        file.write(f"{kind} {secret}\n")
    return secret


def note_key(pem):
    for line in pem.splitlines():
        if "PRIVATE KEY" not in line and len(line) > 30:
            note("key", line)


class Caller:
    """Sends plain requests with an access token, or none."""

    def __init__(self, token=None):
        self.token = token

    def __call__(self, method, path, body=None, **more):
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= more.pop("headers", {})
        return requests.request(method, BASE + path, json=body, headers=headers, timeout=30, **more)

    def get(self, path, **more):
        return self.done(self("GET", path, **more))

    def post(self, path, body=None):
        return self.done(self("POST", path, body if body is not None else {}))

    @staticmethod
    def done(answer):
        assert answer.status_code == 200, answer.text
        return answer.json()


class Account:
    """A service account, made through the API by the operator."""

    def __init__(self, operator):
        self.operator = operator
        self.id = f"a-{uuid.uuid4().hex[:10]}"
        made = operator.post(f"/v1/projects/{PROJECT}/serviceAccounts", {"accountId": self.id})
        self.email, self.unique_id = made["email"], made["uniqueId"]
        self.path = f"/v1/projects/{PROJECT}/serviceAccounts/{self.email}"
        self.member = f"serviceAccount:{self.email}"

    def key(self):
        """The content of a new key's file."""
        made = self.operator.post(self.path + "/keys")
        file = json.loads(b64decode(made["privateKeyData"]))
        note_key(file["private_key"])
        return file

    def credentials(self, file=None, **more):
        return service_account.Credentials.from_service_account_info(file or self.key(), scopes=CLOUD, **more)

    def grant(self, role, member, condition=None):
        """Lets `member` use the account."""
        grant(self.operator, self.path, role, member, condition)


def grant(operator, path, role, member, condition=None):
    """Adds a binding to the policy of what stands at `path`."""
    policy = operator.post(path + ":getIamPolicy", {"options": {"requestedPolicyVersion": 3}})
    binding = {"role": role, "members": [member]} | ({"condition": condition} if condition else {})
    policy |= {"version": 3, "bindings": policy.get("bindings", []) + [binding]}
    operator.post(path + ":setIamPolicy", {"policy": policy})


def client_of(credentials):
    return storage.Client(project=PROJECT, credentials=credentials)
