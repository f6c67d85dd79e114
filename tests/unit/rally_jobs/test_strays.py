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

"""What a run left at services of which the model has nothing."""

import json
from typing import Any

import msgspec
import pytest

from cleanupd.core import generators
from cleanupd.core import patterns
from cleanupd.rally_jobs import residue
from cleanupd.rally_jobs import runs
from cleanupd.rally_jobs import strays
from tests.unit.rally_jobs import reports

WORKLOAD = "5a3b1c22-4d5e-4f60-8172-93a4b5c6d7e8"
MATCHER = patterns.Matcher(generators.BUILTIN_PATTERNS)


class FakeCloud:
    """Answers each path once, as Heat and Ironic answer: an empty page after the last."""

    name, region = "devstack", "RegionOne"

    def __init__(self, *pages: dict[str, Any]) -> None:
        self._pages = list(pages)
        self.asked: list[tuple[str, str, str | None]] = []

    def get(self, service: str, path: str, *, microversion: str | None = None) -> bytes:
        """Return the next page."""
        self.asked.append((service, path, microversion))
        return json.dumps(self._pages.pop(0)).encode()


def tasks(scenario: str) -> list[runs.Task]:
    """Return a report's task with one workload."""
    one = reports.workload(uuid=WORKLOAD, scenario={scenario: {}})
    return msgspec.convert(reports.report(one)["tasks"], list[runs.Task])


def find(service: str, cloud: FakeCloud, scenario: str) -> list[residue.Leftover]:
    """Return what the workload left."""

    def find_part(kind: Any, record: Any) -> str | None:
        found = MATCHER.match(record.name, kind.suffixes)
        return found.part if found else None

    parts = {WORKLOAD[:8]: (WORKLOAD,)}
    return list(strays.find(service, cloud, parts, find_part, tasks(scenario)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scenario", "found"),
    [
        ("HeatStacks.create_and_list_stack", (["heat"], [])),
        ("HeatTemplates.validate_template", (["heat"], [])),
        ("IronicNodes.create_node_and_provide", (["ironic"], [])),
        ("SwiftObjects.list_objects_in_containers", ([], ["swift"])),
        ("ZaqarBasic.create_queue", ([], ["zaqar"])),
        ("TroveInstances.create_and_list_instances", ([], ["trove"])),
        ("NovaServers.boot_and_list_server", ([], [])),
        ("Own.scenario", ([], [])),
    ],
)
def test_services_are_known_by_scenarios(
    scenario: str, found: tuple[list[str], list[str]]
) -> None:
    """A scenario, also one of a generated plugin, tells where it makes something."""
    assert strays.find_services(tasks(scenario)) == found


def test_stacks_of_a_workload_are_told() -> None:
    """Of all stacks those are told that have the workload's name, on later pages too."""
    stacks = [
        {"id": "a", "stack_name": "shop", "project": "p"},
        {"id": "b", "stack_name": "s_rally_5a3b1c22_AbCdEfGh", "project": "p"},
        {"id": "c", "stack_name": "s_rally_99999999_AbCdEfGh", "project": "p"},
    ]
    cloud = FakeCloud({"stacks": stacks[:2]}, {"stacks": stacks[2:]}, {"stacks": []})
    (left,) = find("heat", cloud, "HeatStacks.create_and_list_stack")
    assert (left.kind, left.id, left.project) == ("orchestration.stack", "b", "p")
    assert (left.workload, left.scenario) == (WORKLOAD, "HeatStacks.create_and_list_stack")
    assert [path.rpartition("&")[2] for _, path, _ in cloud.asked[1:]] == ["marker=b", "marker=c"]


def test_nodes_have_names_of_their_own() -> None:
    """A node's name is a host name, and a node may have none."""
    nodes = [{"uuid": "n", "name": "s-rally-5a3b1c22-ab12cd34"}, {"uuid": "m", "name": None}]
    cloud = FakeCloud({"nodes": nodes}, {"nodes": []})
    (left,) = find("ironic", cloud, "IronicNodes.create_and_list_node")
    assert (left.kind, left.id, left.name) == ("baremetal.node", "n", "s-rally-5a3b1c22-ab12cd34")
    # Without a microversion Ironic answers as it did before nodes had names.
    assert {version for *_, version in cloud.asked} == {"1.9"}
