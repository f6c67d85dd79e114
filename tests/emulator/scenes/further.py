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
"""What a killed Rally leaves of the kinds that no scenario of the demo makes: one of each."""

from tests.emulator import cloud as cloud_module
from tests.emulator.scenes import benchmark
from tests.emulator.services import baremetal
from tests.emulator.services import dns
from tests.emulator.services import load_balancer
from tests.emulator.services import orchestration
from tests.emulator.services import shared_file_system
from tests.emulator.services.network import extras
from tests.emulator.shapes import network

Cloud = cloud_module.Cloud
Body = cloud_module.Body


def leave_further(cloud: Cloud, left: benchmark.Benchmark) -> None:
    """One of each, in the first project that the benchmark made, tied to one another."""
    with cloud.locked():
        _network(cloud, left)
        _balancer(cloud, left)
        _metal(cloud, left)
        _zone(cloud, left)
        _credential(cloud, left)
        _stack(cloud, left)
        _share(cloud, left)


def _name(cloud: Cloud, left: benchmark.Benchmark) -> str:
    end = "".join(cloud.random.choices(benchmark.ALPHABET, k=8))
    return f"s_rally_{left.workload_uuid.replace('-', '')[:8]}_{end}"


def _network(cloud: Cloud, left: benchmark.Benchmark) -> None:
    project_id = left.projects[0]["id"]
    owner = {"project_id": project_id, "tenant_id": project_id}

    def extra(kind: str, **fields: object) -> str:
        name = _name(cloud, left)
        made = extras.BY_KIND[f"network.{kind}"].add(cloud, name=name, **owner, **fields)
        return str(made["id"])

    scope = network.address_scope(cloud, _name(cloud, left), project_id)
    network.subnet_pool(
        cloud, _name(cloud, left), project_id, ["10.80.0.0/16"], address_scope_id=scope["id"]
    )
    policy = extra("qos_policy")
    inside = network.network(cloud, _name(cloud, left), project_id, qos_policy_id=policy)
    group = network.security_group(cloud, _name(cloud, left), project_id)
    network.rule(cloud, group, remote_address_group_id=extra("address_group"))
    rule = extra("firewall_rule")
    firewall = extra("firewall_policy", firewall_rules=[rule])
    extra("firewall_group", ingress_firewall_policy_id=firewall)
    extra("bgpvpn", networks=[inside["id"]])
    cloud["network.rbac_policy"].add(
        {
            "id": cloud.new_id(),
            **owner,
            "object_type": "network",
            "object_id": inside["id"],
            "action": "access_as_shared",
            "target_tenant": project_id,
        }
    )


def _balancer(cloud: Cloud, left: benchmark.Benchmark) -> None:
    """A load balancer of a flavor of its own, with one of everything in it."""
    kinds, project_id = load_balancer, left.projects[0]["id"]
    profile = {"id": cloud.new_id(), "name": _name(cloud, left), "provider_name": "amphora"}
    cloud[kinds.PROFILE].add({**profile, "flavor_data": "{}"})
    flavor = {"id": cloud.new_id(), "name": _name(cloud, left), "description": ""}
    cloud[kinds.FLAVOR].add({**flavor, "flavor_profile_id": profile["id"]})
    inside = network.network(cloud, _name(cloud, left), project_id)
    subnet = network.subnet(cloud, _name(cloud, left), inside, cidr="10.81.0.0/24")
    about = {"name": _name(cloud, left), "flavor_id": flavor["id"]}
    balancer = kinds.balancer(cloud, subnet, project_id, **about)

    def put(kind: str, **fields: object) -> Body:
        return kinds.new(cloud, kind, project_id, name=_name(cloud, left), **fields)

    above = {"_balancer_id": balancer["id"]}
    pool = put(kinds.POOL, members=[], **above)
    listener = put(kinds.LISTENER, default_pool_id=pool["id"], **above)
    put(kinds.MONITOR, _pool_id=pool["id"])
    put(kinds.POLICY, listener_id=listener["id"], redirect_pool_id=pool["id"])


def _metal(cloud: Cloud, left: benchmark.Benchmark) -> None:
    """In the administrator's project, with Ironic's names; a port has none."""

    def name() -> str:
        return _name(cloud, left).replace("_", "-").lower()

    chassis = baremetal.CHASSIS.add(cloud, description=name())
    node = baremetal.NODES.add(cloud, name=name(), chassis_uuid=chassis["uuid"])
    node["provision_state"] = "available"
    group = baremetal.PORT_GROUPS.add(cloud, node_uuid=node["uuid"])
    where = {"node_uuid": node["uuid"], "portgroup_uuid": group["uuid"]}
    baremetal.PORTS.add(cloud, address="52:54:00:00:00:01", **where)
    wanted = baremetal.ALLOCATIONS.add(cloud, name=name(), node_uuid=node["uuid"])
    node.update(instance_uuid=wanted["uuid"], allocation_uuid=wanted["uuid"])
    baremetal.TEMPLATES.add(cloud, name="CUSTOM_OF_NOBODY")


def _zone(cloud: Cloud, left: benchmark.Benchmark) -> None:
    """A zone with a recordset."""
    name = _name(cloud, left).replace("_", "-").lower()
    zone = dns.zone(cloud, f"{name}.name.", left.projects[0]["id"])
    inside = _name(cloud, left).replace("_", "-").lower()
    dns.recordset(cloud, zone, f"{inside}.{zone['name']}")


def _credential(cloud: Cloud, left: benchmark.Benchmark) -> None:
    """For EC2, of a user of the first project."""
    project_id = left.projects[0]["id"]
    [user, *_] = cloud["identity.user"].where("default_project_id", project_id)
    about = {"id": cloud.new_hex_id(), "user_id": user["id"], "project_id": project_id}
    cloud["identity.credential"].add({**about, "type": "ec2", "blob": "{}"})


def _stack(cloud: Cloud, left: benchmark.Benchmark) -> None:
    """A stack of a network and of a stack with another one."""
    net = {"type": orchestration.NET}
    group = {"type": orchestration.GROUP, "properties": {"resource_def": net}}
    template = {"net": net, "group": group}
    orchestration.stack(cloud, _name(cloud, left), left.projects[0]["id"], template)


def _share(cloud: Cloud, left: benchmark.Benchmark) -> None:
    """A share of a type of its own with a snapshot, and a share network with a service."""
    kinds, project_id = shared_file_system, left.projects[0]["id"]

    def put(kind: str, **fields: object) -> str:
        made = kinds.new(cloud, kind, project_id, name=_name(cloud, left), **fields)
        return str(made["id"])

    inside = network.network(cloud, _name(cloud, left), project_id)
    subnet = network.subnet(cloud, _name(cloud, left), inside, cidr="10.82.0.0/24")
    place = {"neutron_net_id": inside["id"], "neutron_subnet_id": subnet["id"]}
    about = {"share_network_subnets": [place], "_security_service_id": put(kinds.SECURITY)}
    where = put(kinds.NETWORK, **about)
    type_ = kinds.share_type(cloud, _name(cloud, left), is_public=False)
    share = put(kinds.SHARE, share_type=type_["id"], share_network_id=where)
    put(kinds.SHARE, share_type=type_["id"], snapshot_id=put(kinds.SNAPSHOT, share_id=share))
