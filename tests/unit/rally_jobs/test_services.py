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
"""The data of the ten services agrees with what is known of Rally."""

import pytest

from cleanupd.rally_jobs import services
from cleanupd.rally_jobs import table
from cleanupd.rally_jobs import task

KNOWN = services.load().services
ROWS = [(name, one) for name, service in KNOWN.items() for one in service.workloads]
RALLYS = [pytest.param(*row, id=row[1].scenario) for row in ROWS if not row[1].is_custom]

#: What the specification of these folders names, service by service.
SPECIFIED = {
    "nova": {
        "NovaServers.boot_and_delete_server",
        "NovaServers.boot_and_list_server",
        "NovaServers.snapshot_server",
        "NovaKeypair.create_and_delete_keypair",
        "NovaKeypair.create_and_list_keypairs",
        "NovaFlavors.list_flavors",
    },
    "cinder": {
        "CinderVolumes.create_and_delete_volume",
        "CinderVolumes.create_and_attach_volume",
        "CinderVolumes.create_and_list_volume",
        "CinderVolumeTypes.create_and_delete_volume_type",
        "CinderVolumeBackups.create_and_delete_volume_backup",
    },
    "neutron": {
        "NeutronNetworks.create_and_delete_networks",
        "NeutronNetworks.create_and_list_networks",
        "NeutronNetworks.create_and_delete_subnets",
        "NeutronNetworks.create_and_delete_ports",
        "NeutronNetworks.create_and_delete_routers",
    },
    "ironic": {"IronicNodes.create_and_delete_node", "IronicNodes.create_and_list_node"},
    "swift": {
        "SwiftObjects.create_container_and_object_then_list_objects",
        "SwiftObjects.create_container_and_object_then_delete_all",
        "SwiftObjects.list_objects_in_containers",
    },
    "heat": {
        "HeatStacks.create_and_delete_stack",
        "HeatStacks.create_and_list_stack",
        "HeatStacks.create_update_delete_stack",
    },
    "keystone": {
        "KeystoneBasic.create_and_delete_user",
        "KeystoneBasic.create_and_delete_project",
        "KeystoneBasic.get_entities",
        "KeystoneBasic.create_and_list_users",
    },
    "glance": {
        "GlanceImages.create_and_delete_image",
        "GlanceImages.create_and_list_image",
        "GlanceImages.list_images",
    },
    "trove": set(),
    "zaqar": set(),
}


@pytest.mark.parametrize("name", SPECIFIED)
def test_specified_scenarios_are_there(name):
    """Each scenario of the specification is a workload, or one stands for it."""
    workloads = KNOWN[name].workloads
    there = {one.stands_for or one.scenario for one in workloads}
    assert SPECIFIED[name] <= there


def test_services_are_those_of_the_specification():
    """There are the ten services of the specification and no other."""
    assert set(KNOWN) == set(SPECIFIED)


def test_what_stands_for_another_has_to():
    """A name is replaced only where Rally has no scenario of that name."""
    replaced = {one.stands_for for _, one in ROWS if one.stands_for}
    assert len(replaced) == 3
    assert not replaced & set(table.load().scenarios)


@pytest.mark.parametrize(("name", "workload"), RALLYS)
def test_limited_actions_happen(name, workload):
    """Every action with a limit is one that the scenario has shown at the top level."""
    known = table.load().actions[workload.scenario].top
    assert [one for one in workload.actions if not table.has_action(known, one)] == []


@pytest.mark.parametrize(("name", "workload"), RALLYS)
def test_required_arguments_are_given(name, workload):
    """A workload gives every argument without which its scenario does not run."""
    assert set(table.load().scenarios[workload.scenario].required) <= set(workload.args)


@pytest.mark.parametrize("name", KNOWN)
def test_quotas_are_known(name):
    """Each quota that is lifted is one that Rally's context can lift."""
    for workload in KNOWN[name].workloads:
        for service, resources in {**KNOWN[name].quotas, **workload.quotas}.items():
            assert set(resources) <= set(table.load().quotas(service) or ())


@pytest.mark.parametrize("name", KNOWN)
def test_parent_exists(name):
    """A job's parent is there; the one of the service's name is missing only if it is."""
    parents = table.load().parents
    assert KNOWN[name].parent in parents
    assert KNOWN[name].no_parent not in parents
    own = f"rally-task-{name}"
    assert own in {KNOWN[name].parent, KNOWN[name].no_parent}


@pytest.mark.parametrize("name", KNOWN)
def test_variables_have_defaults(name):
    """Every variable of a task has a default, since the CI passes none."""
    assert set(KNOWN[name].variables) <= set(task.DEFAULTS)


@pytest.mark.parametrize(
    ("distribution", "what"),
    [
        ("python-novaclient", "a client library"),
        ("trove-dashboard", "a dashboard"),
        ("ironic-ui", "a dashboard"),
        ("cinder-tempest-plugin", "a plugin of Tempest's"),
        ("charm-nova-compute", "a charm"),
        ("nova-specs", "a repository of specifications"),
        ("puppet-nova", "a Puppet module"),
        ("glance_store", "a library"),
        ("oslo.messaging", "a library"),
        ("neutron-lib", "a library"),
        ("keystonemiddleware", "a library"),
        ("ironic-python-agent", "a library"),
        ("heat-templates", "a repository of templates"),
        ("nova", None),
        ("openstack-heat", None),
        ("python-watcher", None),
        ("manila", None),
    ],
)
def test_companions_are_named(distribution, what):
    """A repository beside the services is called what it is, and a service is none."""
    assert services.load().companion(distribution) == what


@pytest.mark.parametrize(
    "distribution",
    ["manila", "octavia", "designate", "openstack-placement", "python-watcher", "mistral"],
)
def test_other_services_are_known(distribution):
    """A service for which nothing is generated is known as one."""
    assert services.load().is_other(distribution)
    assert services.load().named(distribution) is None
