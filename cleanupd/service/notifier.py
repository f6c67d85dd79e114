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

"""Tells systemd how the daemon is, over the socket in NOTIFY_SOCKET (sd_notify(3))."""

from collections.abc import Mapping
import os
import socket
import time

from oslo_log import log

LOG = log.getLogger(__name__)


class Notifier:
    """Sends states to the service manager, if there is one.

    ``watchdog_s`` is the number of seconds within which it wants to hear from
    the daemon again, None where it does not watch.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # An abstract address is written with an @ in place of the zero byte.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_s = _watchdog_s(environment)

    def ready(self) -> None:
        """All services run."""
        self._send("READY=1", "STATUS=running")

    def reloading(self) -> None:
        """The options are being read again; :meth:`ready` ends it."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send("RELOADING=1", f"MONOTONIC_USEC={now}", "STATUS=reading the options again")

    def stopping(self, why: str) -> None:
        """The daemon is about to end."""
        self._send("STOPPING=1", f"STATUS={why}")

    def alive(self) -> None:
        """The daemon makes progress."""
        self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to:
                to.connect(self._address)
                to.sendall("\n".join(lines).encode())
        except OSError as error:
            LOG.warning("The service manager cannot be told: %(why)s", {"why": error})


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    """Return the period that systemd set for this process and not for its parent."""
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    period = environment.get("WATCHDOG_USEC", "")
    return int(period) / 1e6 if period.isdecimal() and int(period) else None
