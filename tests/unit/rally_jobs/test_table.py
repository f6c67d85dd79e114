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

"""The table of Rally, and how it is made."""

import json
from typing import Any

from cleanupd.rally_jobs import refresh
from cleanupd.rally_jobs import table

SERVICES = ("nova", "cinder", "neutron", "ironic", "swift", "heat", "keystone", "glance", "zaqar")


def test_what_was_observed_is_of_scenarios_that_exist() -> None:
    """No action is known of a scenario that Rally doesn't have, and none that is gone is there."""
    known = table.load()
    assert set(known.actions) <= set(known.scenarios)
    assert not set(known.gone) & set(known.scenarios)
    assert {one for names in known.gone.values() for one in names} <= set(known.scenarios)


def test_the_actions_of_the_ten_services_are_known() -> None:
    """Of the services that folders are made for, the actions of their scenarios were observed."""
    known = table.load()
    prefixes = tuple(one.capitalize() for one in SERVICES)
    assert not {name for name in known.scenarios if name.startswith(prefixes)} - set(known.actions)


def test_quotas_are_of_five_services() -> None:
    """The context quotas knows five services; Neutron's resources are singular there."""
    known = table.load()
    assert "network" in (known.quotas("neutron") or ())
    assert known.quotas("heat") is None


def test_an_action_has_another_name_on_master() -> None:
    """Keystone's actions lost their version; others have one name."""
    known = table.load()
    assert known.master_name("keystone_v3.create_user") == "keystone.create_user"
    assert known.master_name("nova.boot_server") is None
    assert known.release_names("keystone.create_user") == ["keystone_v3.create_user"]


def test_a_moved_module_is_found() -> None:
    """A module of an old name is found below its new one, and nothing that isn't there."""
    known = table.load()
    assert known.moved_name("rally_openstack.consts") == "rally_openstack.common.consts"
    old, new = (
        "rally_openstack.scenarios.nova.utils",
        "rally_openstack.task.scenarios.nova.utils",
    )
    assert known.moved_name(old) == new
    assert known.moved_name("rally_openstack.scenarios.no_such") is None


def test_a_star_stands_for_figures() -> None:
    """Actions whose names have figures in them are known by what is around these."""
    names = ["zaqar.post_between_*_and_*_messages"]
    assert table.has_action(names, "zaqar.post_between_1_and_9_messages")
    assert not table.has_action(names, "zaqar.post_messages")


def test_a_dump_is_the_same_data_in_lines() -> None:
    """Each entry stands in a line of its own, so that a difference can be read."""
    data: dict[str, Any] = {"b": {"y": [1], "x": {"a": None}}, "a": ["two", "one"]}
    dumped = refresh.dump(data)
    assert json.loads(dumped) == data
    assert '  "x": {"a": null},\n' in dumped


def test_a_report_adds_actions() -> None:
    """What a run has shown is added to what is known, by where it was timed."""
    inner = {"name": "b.in", "children": []}
    rows = [{"name": "b.top", "children": [inner]}]
    workload = {"scenario": {"A.b": {}}, "statistics": {"durations": {"atomics": rows}}}
    actions = {"A.b": {"top": ["b.old"], "nested": [], "is_partial": False}}
    refresh.observe(actions, {"tasks": [{"subtasks": [{"workloads": [workload]}]}]})
    assert actions == {"A.b": {"top": ["b.old", "b.top"], "nested": ["b.in"], "is_partial": False}}
