# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.
"""Fixtures of the sandbox's tests. A sandbox that is down fails them: it never skips them."""

from collections.abc import Iterator
import sys

import openstack
import pytest

from tests.sandbox import box

TIMEOUT_S = 900
# The tool's own modules, which are installed nowhere.
sys.path.append(str(box.COMMAND.parent))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here is marked and has time for servers to boot and for Rally to run."""
    for item in items:
        if item.path.is_relative_to(box.COMMAND.parents[2] / "tests" / "sandbox"):
            item.add_marker(pytest.mark.sandbox)
            item.add_marker(pytest.mark.timeout(TIMEOUT_S))


@pytest.fixture(scope="session", autouse=True)
def sandbox_environment() -> Iterator[dict[str, str]]:
    """Where clients find the cloud, in this process's environment too; the whole sandbox is up."""
    try:
        box.run("status")
    except box.SandboxFailed as failure:
        pytest.fail(
            f"the sandbox is not up: run {box.COMMAND} up (as root); what it says: {failure}",
            pytrace=False,
        )
    environment = box.read_environment()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield environment


def connect(environment: dict[str, str], cloud: str) -> openstack.connection.Connection:
    """A connection to one of the clouds of the sandbox's clouds.yaml."""
    config = openstack.config.OpenStackConfig(
        config_files=[environment["OS_CLIENT_CONFIG_FILE"]], load_envvars=False
    )
    return openstack.connection.Connection(config=config.get_one(cloud))


@pytest.fixture(scope="session")
def cloud(sandbox_environment: dict[str, str]) -> openstack.connection.Connection:
    """The cloud's administrator."""
    return connect(sandbox_environment, "admin")


@pytest.fixture(scope="session")
def production(sandbox_environment: dict[str, str]) -> openstack.connection.Connection:
    """An ordinary user, in a project of its own that no sweep may touch."""
    return connect(sandbox_environment, "production")


@pytest.fixture(scope="session")
def demo(sandbox_environment: dict[str, str]) -> openstack.connection.Connection:
    """Another ordinary user."""
    return connect(sandbox_environment, "demo")
