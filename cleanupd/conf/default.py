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

"""The options of the daemon as a whole."""

import socket

from oslo_config import cfg

OPTS = [
    cfg.HostAddressOpt(
        "host",
        default=socket.gethostname(),
        sample_default="<host name>",
        help="""\
Name of this daemon on the bus.

A request can be sent to one daemon by this name. It must differ between
daemons that share a bus and a topic. Change it where two daemons run on one
machine, or where the host name is not unique.""",
    ),
    cfg.StrOpt(
        "state_path",
        default="/var/lib/cleanupd",
        help="""\
Directory of the daemon's own.

It holds a lock, and the journal of sweeps, ``cleanupd.sqlite``, unless
``[database] connection`` names another database. The daemon must be able to
write to it and should be its only user; it is made if it does not exist. It
has to be on a local file system.""",
    ),
    cfg.IntOpt(
        "stop_timeout",
        default=60,
        min=1,
        help="""\
How long the daemon may take to stop, in seconds.

After SIGTERM nothing new is begun, and requests that are under way are
awaited for so long. Then the process ends with exit code 1, and says in its
log what it did not wait for. Keep it below TimeoutStopSec of the systemd
unit.""",
    ),
]
