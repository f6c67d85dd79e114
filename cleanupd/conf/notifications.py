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

"""The options of notifications, beside those of oslo.messaging."""

from oslo_config import cfg

GROUP = cfg.OptGroup("notifications", title="Notifications of the services")

OPTS = [
    cfg.BoolOpt(
        "enabled",
        default=True,
        help="""\
Whether the daemon follows what services tell over the bus.

The bus is ``[oslo_messaging_notifications] transport_url``, or
``transport_url`` where that is unset. Without it, or as long as no broker is
there, the model is as old as its last listing (``period`` of each service).""",
    ),
    cfg.ListOpt(
        "exchanges",
        default=[
            *("nova", "neutron", "cinder", "openstack", "glance", "keystone"),
            *("octavia", "designate", "heat"),
        ],
        help="""\
Exchanges at which services tell.

Each service has its own as ``control_exchange``; most deployments leave the
defaults, which for Cinder and Manila is ``openstack``.""",
    ),
    cfg.ListOpt(
        "topics",
        default=["notifications", "versioned_notifications"],
        help="""\
Topics at which services tell.

They are the services' ``[oslo_messaging_notifications] topics``; Nova has its
own option for ``versioned_notifications``.""",
    ),
    cfg.StrOpt(
        "pool",
        default="cleanupd",
        help="""\
First part of the name of this daemon's queue; its ``host`` follows.

Every pool gets a copy of each message, so that nobody else loses one. Daemons
of the same pool and host read one queue, and each misses what another took:
give each its own. The log warns of it. The queue stays when the daemon stops,
and is read when it starts again. Have the broker limit its length by a policy
(``^cleanupd``), to what comes in some minutes at least: what is dropped is
noticed, unless it is very little, and made up for by a listing.""",
    ),
    cfg.ListOpt(
        "publishers",
        default=[],
        help="""\
Regular expressions of the publishers that are listened to; empty means all.

Messages of others are taken from the queue and counted, and never parsed.""",
    ),
    cfg.ListOpt(
        "event_types",
        default=[],
        help="""\
Regular expressions of the event types that are listened to; empty means all.

Messages of other types are taken from the queue and counted, and never
parsed. What they would have told is known after the next listing.""",
    ),
]
