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

"""Rally's classes of resources, each with the kinds of cleanupd's that cover it.

They are those of ``rally_openstack/task/cleanup/resources.py`` in the order in which Rally cleans:
of rally-openstack 4.1.0, with which ``tests/functional/test_rally_classes.py`` compares them, and
three for firewalls that its master has since.  A kind that has no plugin is told as missing when
the page is made.
"""

from collections.abc import Collection
from collections.abc import Iterator

_CHILD = "goes with its load balancer, if by nothing else"
_DEAD = "the service is dead: no supported release of OpenStack has it"
_QUOTA = "no resource but a row of limits, which nothing looks at yet"
_REPORTED = "no edge proves whose it is"

#: Class, kinds, and a word on it: where there is no kind, why.
CLASSES = (
    ("magnum.clusters", ("container_infra.cluster",), ""),
    ("magnum.cluster_templates", ("container_infra.cluster_template",), ""),
    ("heat.stacks", ("orchestration.stack",), "its resources go through it"),
    ("nova.servers", ("compute.server",), ""),
    ("nova.server_groups", ("compute.server_group",), ""),
    ("nova.keypairs", ("compute.keypair",), "those of users that are gone, too"),
    ("nova.quotas", (), _QUOTA),
    ("nova.flavors", ("compute.flavor",), "private ones, too"),
    ("nova.aggregates", ("compute.aggregate",), ""),
    ("neutron.vip", (), _DEAD),
    ("neutron.health_monitor", (), _DEAD),
    ("neutron.pool", (), _DEAD),
    ("neutron.loadbalancer", (), _DEAD),
    ("octavia.load_balancer", ("load_balancer.load_balancer",), ""),
    ("octavia.pool", ("load_balancer.pool",), _CHILD),
    ("octavia.listener", ("load_balancer.listener",), _CHILD),
    ("octavia.l7policy", ("load_balancer.l7_policy",), _CHILD),
    ("octavia.health_monitor", ("load_balancer.health_monitor",), _CHILD),
    ("neutron.bgpvpn", ("network.bgpvpn",), ""),
    ("neutron.firewall_group", ("network.firewall_group",), ""),
    ("neutron.firewall_policy", ("network.firewall_policy",), ""),
    ("neutron.firewall_rule", ("network.firewall_rule",), ""),
    ("neutron.floatingip", ("network.floating_ip",), "its name is in the description"),
    ("neutron.trunk", ("network.trunk",), ""),
    ("neutron.port", ("network.port",), "those that services made, by their owners"),
    ("neutron.router", ("network.router",), "its routes are cleared"),
    ("neutron.subnet", ("network.subnet",), ""),
    ("neutron.network", ("network.network",), ""),
    ("neutron.security_group", ("network.security_group",), "that named default, too"),
    ("neutron.quota", (), _QUOTA),
    ("cinder.backups", ("block_storage.backup",), ""),
    ("cinder.volume_types", ("block_storage.volume_type",), "after its volumes"),
    ("cinder.volume_snapshots", ("block_storage.snapshot",), ""),
    ("cinder.transfers", ("block_storage.transfer",), ""),
    ("cinder.volumes", ("block_storage.volume",), "those that Nova made, by their servers"),
    ("cinder.image_volumes_cache", (), f"a volume named for its image: {_REPORTED}"),
    ("cinder.quotas", (), _QUOTA),
    ("cinder.qos_specs", ("block_storage.qos_spec",), ""),
    ("manila.shares", ("shared_file_system.share",), ""),
    ("manila.share_networks", ("shared_file_system.share_network",), ""),
    ("manila.security_services", ("shared_file_system.security_service",), ""),
    ("glance.images", ("image.image",), "protected and deactivated ones, if options say so"),
    ("ceilometer.alarms", (), _DEAD),
    ("zaqar.queues", ("messaging.queue",), ""),
    ("designate.servers", (), _DEAD),
    ("designate.zones", ("dns.zone",), ""),
    ("swift.object", ("object_store.object",), ""),
    ("swift.container", ("object_store.container",), ""),
    ("mistral.workbooks", ("workflow.workbook",), ""),
    ("mistral.workflows", ("workflow.workflow",), ""),
    ("mistral.executions", ("workflow.execution",), ""),
    ("ironic.node", ("baremetal.node",), "those without a name are nobody's"),
    ("gnocchi.archive_policy_rule", ("metric.archive_policy_rule",), ""),
    ("gnocchi.archive_policy", ("metric.archive_policy",), ""),
    ("gnocchi.resource_type", ("metric.resource_type",), ""),
    ("gnocchi.metric", ("metric.metric",), ""),
    ("gnocchi.resource", ("metric.resource",), ""),
    ("barbican.containers", ("key_manager.container",), ""),
    ("barbican.orders", ("key_manager.order",), ""),
    ("barbican.secrets", ("key_manager.secret",), ""),
    ("watcher.audit_template", ("infra_optim.audit_template",), ""),
    ("watcher.action_plan", ("infra_optim.action_plan",), ""),
    ("watcher.audit", ("infra_optim.audit",), ""),
    ("keystone.user", ("identity.user",), ""),
    ("keystone.project", ("identity.project",), "after all that is in it"),
    ("keystone.service", ("identity.service",), ""),
    ("keystone.role", ("identity.role",), "if no foreign user has it"),
    ("keystone.ec2", ("identity.credential",), "by its user or its project"),
)


def rows(known: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """Yield class, kinds as references and remark; ``known`` are the kinds that have a plugin."""
    for name, kinds, remark in CLASSES:
        if kinds and set(kinds) <= set(known):
            shown = ", ".join(f":ref:`{k} <kind-{k.replace('.', '-')}>`" for k in kinds)
            yield name, shown, remark
        elif kinds:
            yield name, "none yet", f"waits for {', '.join(f'``{kind}``' for kind in kinds)}"
        else:
            yield name, "none", remark
