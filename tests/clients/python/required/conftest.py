"""A server that asks everybody who they are: its operator, users, accounts, a bucket."""

import os
import pathlib
import uuid

import pytest
from cloud import PROJECT, Account, Caller, client_of, grant, note


@pytest.fixture(scope="session")
def operator():
    token = (pathlib.Path(os.environ["FOGBANK_DATA"]) / "administrator-token").read_text().strip()
    return Caller(note("token", token))


@pytest.fixture(scope="session")
def as_user(operator):
    """`as_user("ann@example.com")` sends requests as her."""

    def of(user):
        made = operator.post("/auth/tokens", {"user": user, "project": PROJECT})
        note("refresh-token", made["refresh_token"])
        return Caller(note("token", made["access_token"]))

    return of


@pytest.fixture
def account(operator):
    return Account(operator)


@pytest.fixture
def new_account(operator):
    return lambda: Account(operator)


@pytest.fixture
def grant_on_project(operator):
    return lambda role, member, condition=None: grant(operator, f"/v1/projects/{PROJECT}", role, member, condition)


@pytest.fixture(scope="session")
def storage_admin(operator):
    """An account that may do everything with buckets, and its credentials with a key."""
    account = Account(operator)
    grant(operator, f"/v1/projects/{PROJECT}", "roles/storage.admin", account.member)
    account.file = account.key()
    return account


@pytest.fixture
def bucket(storage_admin):
    """A bucket, through the client library with a key file."""
    return client_of(storage_admin.credentials(storage_admin.file)).create_bucket(f"python-{uuid.uuid4().hex[:12]}")


@pytest.fixture
def later(operator):
    """`later(seconds)` moves the server's clock forward until the test ends."""

    def move(seconds):
        operator.post("/_fogbank/tenants/default/clock", {"advance-ms": seconds * 1000})

    yield move
    operator.post("/_fogbank/tenants/default/clock", {"reset": True})
