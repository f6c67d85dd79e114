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
"""What there is of Neutron besides its collections: extensions, agents, zones, addresses left.

A cloud without agents (as the real Neutron 29 was on which the rest was seen) has an empty list
of them.
"""

from collections.abc import Callable
import ipaddress

from tests.emulator import cloud as cloud_module
from tests.emulator import web
from tests.emulator.services.network import collections
from tests.emulator.services.network import fields
from tests.emulator.services.network import policy

Body = cloud_module.Body

EXTENSIONS = (
    *("address-group", "address-scope", "agent", "allowed-address-pairs", "availability_zone"),
    *("bgpvpn", "binding", "fwaas_v2", "rbac-policies"),
    *("dns-integration", "ext-gw-mode", "external-net", "extra_dhcp_opt", "extraroute"),
    *("extraroute-atomic", "filter-validation", "fip-port-details", "floating-ip-router-writable"),
    *("ip_allocation", "ip-substring-filtering", "l2_adjacency", "net-mtu", "net-mtu-writable"),
    *("network_availability_zone", "network-ip-availability", "pagination", "port-security"),
    *("port-security-groups-filtering", "project-id", "provider", "qos", "quota-check-limit"),
    *("quota-check-limit-default", "quotas", "quota_details", "revision-if-match", "router"),
    *("router_availability_zone", "security-group", "security-groups-normalized-cidr"),
    *("security-groups-rules-belongs-to-default-sg", "sorting", "standard-attr-description"),
    *("standard-attr-revisions", "standard-attr-tag", "standard-attr-timestamp"),
    *("stateful-security-group", "subnet_allocation", "subnet-external-network"),
    *("subnet-service-types", "tag-creation", "trunk", "trunk-details"),
)


def versions(call: web.Call) -> web.Answer:
    """GET /: the one version, without a token."""
    links = [{"rel": "self", "href": f"{call.root}/v2.0/"}]
    version = {"id": "v2.0", "status": "CURRENT", "links": links}
    return web.Answer(200, {"versions": [version]})


def resources(call: web.Call) -> web.Answer:
    """GET /v2.0/: the core collections; unlike other services this wants a token."""
    core = (
        *(collections.NETWORKS, collections.SUBNETS, collections.SUBNET_POOLS),
        collections.PORTS,
    )
    found = [
        {
            "name": collection.singular,
            "collection": collection.path,
            "links": [{"rel": "self", "href": f"{call.root}/v2.0/{collection.path}"}],
        }
        for collection in core
    ]
    return web.Answer(200, {"resources": found})


def _extension(alias: str) -> Body:
    return {"name": alias, "alias": alias, "description": "", "updated": "", "links": []}


def extensions(_call: web.Call) -> web.Answer:
    """GET /v2.0/extensions: those that matter to what is emulated."""
    return web.Answer(200, {"extensions": [_extension(alias) for alias in EXTENSIONS]})


def extension(call: web.Call) -> web.Answer:
    """GET /v2.0/extensions/ALIAS."""
    if call.args["alias"] not in EXTENSIONS:
        text = f"Extension with alias {call.args['alias']} does not exist"
        raise web.Refused(404, text, HTML)
    return web.Answer(200, {"extension": _extension(call.args["alias"])})


HTML = "html"
"""The type of a refusal that Neutron does not put into JSON."""

AGENT_FILTERS = {
    *("id", "agent_type", "binary", "topic", "host", "admin_state_up", "alive", "description"),
    *("availability_zone", "fields", "limit", "marker", "page_reverse", "sort_key", "sort_dir"),
}


def agents(call: web.Call) -> web.Answer:
    """GET /v2.0/agents: there are none; who may not see any gets the same list."""
    wrong = [key for key in call.query if key not in AGENT_FILTERS]
    if wrong:
        raise web.Refused(400, f"{wrong} is invalid attribute for filtering")
    return web.Answer(200, {"agents": []})


def agent(call: web.Call) -> web.Answer:
    """GET, PUT and DELETE /v2.0/agents/ID."""
    raise web.Refused(404, f"Agent {call.args['id']} could not be found.", "AgentNotFound")


def agents_of(collection: collections.Collection) -> web.Handler:
    """GET .../dhcp-agents of a network and .../l3-agents of a router."""

    def handler(call: web.Call) -> web.Answer:
        policy.find(call, collection)
        return web.Answer(200, {"agents": []})

    return handler


def none_of(key: str) -> Callable[[web.Call], web.Answer]:
    """The list of something of which there is nothing."""
    return lambda _call: web.Answer(200, {key: []})


def availability(call: web.Call) -> web.Answer:
    """GET /v2.0/network-ip-availabilities: for the administrator; to others an empty list."""
    wanted = {
        "network_id": call.query.getlist("network_id"),
        "network_name": call.query.getlist("network_name"),
        "project_id": call.query.getlist("project_id") or call.query.getlist("tenant_id"),
    }
    rows = call.rows("network.network") if call.token.is_admin else ()
    told = (_available(call, network) for network in rows)
    found = [one for one in told if all(not v or one[key] in v for key, v in wanted.items())]
    return web.Answer(200, {"network_ip_availabilities": found})


def availability_of(call: web.Call) -> web.Answer:
    """GET /v2.0/network-ip-availabilities/ID: for the administrator; 404 for others."""
    network = call.rows("network.network").get(call.args["id"])
    if network is None:
        raise collections.NETWORKS.missing(call.args["id"])
    if not call.token.is_admin:
        raise web.Refused(404, "The resource could not be found.")
    return web.Answer(200, {"network_ip_availability": _available(call, network)})


def _available(call: web.Call, network: Body) -> Body:
    version = call.query.get("ip_version")
    number = None if version is None else fields.to_integer(version)
    rows = call.rows("network.subnet")
    subnets = [
        _left(call, subnet)
        for key in sorted(network["subnets"])
        if (subnet := rows.get(key)) is not None and number in (None, subnet["ip_version"])
    ]
    return {
        "network_id": network["id"],
        "network_name": network["name"],
        "project_id": network["project_id"],
        "tenant_id": network["project_id"],
        "subnet_ip_availability": subnets,
        "used_ips": sum(one["used_ips"] for one in subnets),
        "total_ips": sum(one["total_ips"] for one in subnets),
        "ip_availability_details": _sum(subnets),
    }


DETAILS = (
    *("total_ips_in_subnet", "total_ips_in_allocation_pool", "used_ips_in_subnet"),
    "used_ips_in_allocation_pool",
)


def _sum(subnets: list[Body]) -> Body:
    return {key: sum(one["ip_availability_details"][key] for one in subnets) for key in DETAILS}


def _left(call: web.Call, subnet: Body) -> Body:
    taken = [
        int(ipaddress.ip_address(fixed["ip_address"]))
        for port in call.rows("network.port").where("network_id", subnet["network_id"])
        for fixed in port["fixed_ips"]
        if fixed["subnet_id"] == subnet["id"]
    ]
    spans = [
        (int(ipaddress.ip_address(pool["start"])), int(ipaddress.ip_address(pool["end"])))
        for pool in subnet["allocation_pools"]
    ]
    total = sum(high - low + 1 for low, high in spans)
    cidr = ipaddress.ip_network(subnet["cidr"])
    unusable = 2 if cidr.version == 4 else 1
    return {
        "subnet_id": subnet["id"],
        "ip_version": subnet["ip_version"],
        "cidr": subnet["cidr"],
        "subnet_name": subnet["name"],
        "used_ips": len(taken),
        "total_ips": total,
        "ip_availability_details": {
            "total_ips_in_subnet": cidr.num_addresses - unusable,
            "total_ips_in_allocation_pool": total,
            "used_ips_in_subnet": len(taken),
            "used_ips_in_allocation_pool": sum(
                any(low <= one <= high for low, high in spans) for one in taken
            ),
        },
    }


ROUTES = (
    web.Route("GET", "/", versions, public=True),
    web.Route("GET", "/v2.0/", resources),
    web.Route("GET", "/v2.0/extensions", extensions),
    web.Route("GET", "/v2.0/extensions/<alias>", extension),
    web.Route("GET", "/v2.0/agents", agents),
    web.Route("GET", "/v2.0/agents/<id>", agent),
    web.Route("PUT", "/v2.0/agents/<id>", agent),
    web.Route("DELETE", "/v2.0/agents/<id>", agent),
    web.Route("GET", "/v2.0/networks/<id>/dhcp-agents", agents_of(collections.NETWORKS)),
    web.Route("GET", "/v2.0/routers/<id>/l3-agents", agents_of(collections.ROUTERS)),
    web.Route("GET", "/v2.0/availability_zones", none_of("availability_zones")),
    web.Route("GET", "/v2.0/network-ip-availabilities", availability),
    web.Route("GET", "/v2.0/network-ip-availabilities/<id>", availability_of),
)
