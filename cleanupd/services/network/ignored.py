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
"""The messages of Neutron that change nothing in the model, and why."""

from collections.abc import Iterable
from collections.abc import Iterator

_BEGINS = "it tells what was asked for; what came of it follows, or nothing came"
_REPORT = "it reports what is there, to those who bill for it"

_UNKEPT = (
    "agent",
    "alias_bandwidth_limit_rule",
    "alias_dscp_marking_rule",
    "alias_minimum_bandwidth_rule",
    "alias_minimum_packet_rate_rule",
    "auto_allocated_topology",
    "availability_zone",
    "bandwidth_limit_rule",
    "bgp_peer",
    "bgp_speaker",
    "conntrack_helper",
    "default_security_group_rule",
    "dhcp_agent",
    "dhcp_network",
    "dscp_marking_rule",
    "endpoint_group",
    "flavor",
    "floatingip_pool",
    "flow_classifier",
    "ikepolicy",
    "ipsec_site_connection",
    "ipsecpolicy",
    "local_ip",
    "log",
    "loggable_resource",
    "metering_label",
    "metering_label_rule",
    "minimum_bandwidth_rule",
    "minimum_packet_rate_rule",
    "ndp_proxy",
    "network_association",
    "network_ip_availability",
    "network_segment_range",
    "next_provider",
    "packet_rate_limit_rule",
    "port_association",
    "port_chain",
    "port_pair",
    "port_pair_group",
    "router_association",
    "rule_type",
    "security_groups_default_statefulnes",
    "segment",
    "service_profile",
    "service_provider",
    "tap_flow",
    "tap_mirror",
    "tap_service",
    "vpnservice",
)
#: Resources of Neutron and of the projects beside it that are no kind of the model.
_OTHERS = {
    "binding": "it names no port; the host of a port is not kept",
    "port_forwarding": "it names no floating IP; whose router is known from the next listing on",
    "quota": "the model keeps no quotas",
    **dict.fromkeys(_UNKEPT, "nothing that the model keeps depends on it"),
}


def make_ignored(handled: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the event types that are ignored, and why, where these resources are handled."""
    for action in ("create", "update", "delete"):
        for singular in handled:
            yield f"{singular}.{action}.start", _BEGINS
        for singular, reason in _OTHERS.items():
            yield f"{singular}.{action}.start", _BEGINS
            yield f"{singular}.{action}.end", reason
    for singular in ("network", "subnet", "port", "router", "floatingip"):
        yield f"{singular}.exists", _REPORT
    for action in ("create", "update", "delete", "delete_all"):
        for stage in ("start", "end"):
            yield f"tag.{action}.{stage}", "the model keeps no tags of Neutron's resources"
    for action in ("add", "update", "remove"):
        yield f"l3_agent.router.{action}", "which agent serves a router is not kept"
    for action in ("add", "remove"):
        yield f"dhcp_agent.network.{action}", "which agent serves a network is not kept"
    yield "l3.meter", _REPORT
