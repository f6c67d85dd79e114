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

"""The options of the RPC API, beside those of oslo.messaging."""

from oslo_config import cfg

GROUP = cfg.OptGroup("rpc", title="The RPC API")

OPTS = [
    cfg.BoolOpt(
        "enabled",
        default=True,
        help="""\
Whether the daemon answers requests over the bus.

The bus is that of ``transport_url``. False means that the daemon has its
schedule alone and needs no bus.""",
    ),
    cfg.StrOpt(
        "topic",
        default="cleanupd",
        help="""\
Topic at which the daemon listens and cleanupctl asks.

Change it where several clouds share a bus, one topic for each cloud.""",
    ),
    cfg.StrOpt(
        "server",
        help="""\
Name of the daemon that cleanupctl asks.

It is the option ``host`` of that daemon. Unset means any daemon that listens
at the topic: set it where there are several, since each knows its own sweeps
only.""",
    ),
]
