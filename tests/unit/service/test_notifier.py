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

"""What the service manager hears."""

import logging
import os
import socket

import pytest

from cleanupd.service import notifier


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """Give a socket as systemd has one, and how it is written in the environment."""
    path = str(tmp_path / "notify")
    written = path if request.param == "path" else f"@cleanupd-test-{os.getpid()}"
    address = path if request.param == "path" else "\0" + written[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(address)
        heard.settimeout(5)
        yield heard, {"NOTIFY_SOCKET": written}


@pytest.mark.parametrize(
    ("method", "arguments", "first"),
    [
        ("ready", (), "READY=1"),
        ("reloading", (), "RELOADING=1"),
        ("stopping", ("asked to",), "STOPPING=1"),
        ("alive", (), "WATCHDOG=1"),
    ],
)
def test_states_are_told(manager, method, arguments, first):
    """Each in one datagram, a line for each assignment."""
    heard, environment = manager
    getattr(notifier.Notifier(environment), method)(*arguments)
    lines = heard.recv(4096).decode().splitlines()
    assert lines[0] == first
    assert all("=" in line for line in lines)


def test_a_reload_has_its_time(manager):
    """By the monotonic clock systemd can tell this reload from an earlier one."""
    heard, environment = manager
    notifier.Notifier(environment).reloading()
    assert "\nMONOTONIC_USEC=" in heard.recv(4096).decode()


def test_without_a_manager_nothing_is_told():
    """Started by hand, the daemon talks to nobody."""
    notifier.Notifier({}).ready()


def test_a_manager_that_went_away_is_no_reason_to_end(tmp_path, caplog):
    """It is logged, no more."""
    with caplog.at_level(logging.WARNING):
        notifier.Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready()
    assert "cannot be told" in caplog.text


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_this_process_own(environment, seconds):
    """The period holds only for the process that systemd started."""
    assert notifier.Notifier(environment).watchdog_s == seconds
