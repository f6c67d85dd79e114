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
"""Waiting for conditions. Nothing in the sandbox sleeps for a fixed time and hopes."""

import collections.abc
import contextlib
import http.client
import socket
import threading
import time
import typing
import urllib.error
import urllib.request

from controlplane import errors
from controlplane import layout

T = typing.TypeVar("T")

INTERVAL_S = 0.1
HTTP_ERROR_FROM = 500


class CancelledError(errors.SandboxError):
    """Something else failed, so waiting has no use any more."""


def wait_until(
    condition: collections.abc.Callable[[], T | None],
    what: str,
    *,
    timeout_s: float,
    cancelled: threading.Event | None = None,
) -> T:
    """The condition's first true value; an error that names it when time is up or all is off."""
    end = time.monotonic() + timeout_s
    while True:
        if value := condition():
            return value
        if cancelled is not None and cancelled.is_set():
            raise CancelledError(f"gave up waiting: {what}")
        if time.monotonic() > end:
            raise errors.SandboxError(f"waited {timeout_s:.0f} s in vain: {what}")
        time.sleep(INTERVAL_S)


def http_status(url: str, timeout_s: float = 10) -> int | None:
    """The status with which the server answers, None where none does."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=timeout_s) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return int(error.code)
    except (OSError, http.client.HTTPException):
        return None


def http_answers(url: str, timeout_s: float = 10) -> bool:
    """Whether the server answers with anything but a server's error."""
    status = http_status(url, timeout_s)
    return status is not None and status < HTTP_ERROR_FROM


def port_answers(port: int) -> bool:
    """Whether somebody listens on the port."""
    with contextlib.suppress(OSError), socket.create_connection((layout.IP, port), timeout=5):
        return True
    return False
