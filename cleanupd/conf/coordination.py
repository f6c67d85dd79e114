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

"""How several daemons agree which of them removes."""

import msgspec
from oslo_config import cfg

from cleanupd import exceptions

GROUP = cfg.OptGroup("coordination", title="Several daemons for one region of a cloud")

OPTS = [
    cfg.StrOpt(
        "backend_url",
        default="",
        secret=True,
        help="""\
URL of the service by which daemons agree which of them leads, as tooz has it.

For example ``redis://192.0.2.1:6379`` or ``etcd3+http://192.0.2.1:2379``. Of
all daemons of a region of a cloud one leads: it removes, and runs the
schedule of sweeps; the others stand by, answer, and take over when it is
gone. They need one ``[database] connection``. Empty is for one daemon.""",
    ),
    cfg.IntOpt(
        "lease",
        default=20,
        min=3,
        max=600,
        help="""\
How long the leader keeps its lock without a sign of life, in seconds.

So long after a leader was killed or cut off another daemon takes over; the
old one stops to remove before that, after three quarters of the time.""",
    ),
]


class Coordination(msgspec.Struct, frozen=True, kw_only=True):
    """Where daemons agree which of them leads: ``url`` is None where there is one alone."""

    url: str | None = None
    lease_s: float = 20.0


def read(conf: cfg.ConfigOpts) -> Coordination:
    """Return what the options say; raises InvalidOptions."""
    group = conf.coordination
    if group.backend_url and not conf.database.connection:
        raise exceptions.InvalidOptions(
            "[coordination] backend_url is for several daemons, and they need one database:"
            " set [database] connection, too"
        )
    return Coordination(url=group.backend_url or None, lease_s=group.lease)
