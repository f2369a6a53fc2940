"""The client, and a bucket for each test."""

import os
import uuid

import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage


def endpoint_by_variable():
    return storage.Client(project="demo-project", credentials=AnonymousCredentials())


def endpoint_by_option():
    options = ClientOptions(api_endpoint=os.environ["FOGBANK_BASE"])
    return storage.Client(project="demo-project", credentials=AnonymousCredentials(), client_options=options)


@pytest.fixture(params=[endpoint_by_variable, endpoint_by_option], ids=["variable", "option"])
def client(request):
    return request.param()


@pytest.fixture
def bucket(client):
    return client.create_bucket(f"python-{uuid.uuid4().hex[:12]}")
