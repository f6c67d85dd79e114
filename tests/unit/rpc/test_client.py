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

"""The client end of the API, over an endpoint without a bus."""

import json
import subprocess
import sys

import pytest

from cleanupd import exceptions
from cleanupd.engine import sweep as sweeps
from cleanupd.rpc import client
from cleanupd.rpc import server
from tests.unit.rpc import answers

TARGET = sweeps.Target(workloads=("5a3b1c22-8f0e-4d5b-9c43-1f4d2f7a6b10",), idle_s=60.0)


class Wire:
    """Carries a call to an endpoint as JSON."""

    def __init__(self, endpoint):
        """Have carried nothing."""
        self.endpoint = endpoint
        self.long = []

    def __call__(self, method, arguments, *, is_long):
        """Return the answer of the endpoint's method."""
        if is_long:
            self.long.append(method)
        plain = json.loads(json.dumps(arguments))
        return json.loads(json.dumps(getattr(self.endpoint, method)({}, **plain)))


@pytest.fixture
def daemon():
    """Give what the endpoint asks."""
    return answers.FakeClient()


@pytest.fixture
def wire(daemon):
    """Give the wire between both ends."""
    return Wire(server.Endpoint(daemon, daemon.status))


@pytest.mark.parametrize(
    ("method", "arguments", "options"),
    [
        ("model", (), {}),
        ("trust", (), {}),
        ("records", (answers.QUERY,), {}),
        ("stats", (), {}),
        ("sync", (), {}),
        ("sync", (["compute", "image"],), {}),
        ("leaks", (TARGET,), {"is_fresh": True}),
        ("explain", (TARGET, "compute.server", "a"), {"is_fresh": True}),
        ("workloads", (), {"is_fresh": True}),
        ("plan", (TARGET,), {}),
        ("stored_plan", ("x",), {}),
        ("start", (TARGET,), {"confirm": "sample", "is_dry_run": True}),
        ("start", (TARGET,), {}),
        ("execute", ("x",), {"confirm": None}),
        ("sweep", ("x",), {}),
        ("sweeps", (), {}),
        ("cancel", ("x",), {"by": "alice"}),
        ("budget", (), {}),
        ("protect", (answers.WANTED,), {"by": "alice"}),
        ("protections", (), {}),
        ("unprotect", ("p-1",), {"by": "alice"}),
        ("verify", (TARGET,), {}),
        ("status", (), {}),
        ("daemons", (), {}),
    ],
)
def test_a_call_over_the_bus_is_a_call_in_process(wire, method, arguments, options):
    """Each method asks the same and answers the same through JSON as without it."""
    there, here = wire.endpoint._daemon, answers.FakeClient()  # noqa: SLF001
    expected = getattr(here, method)(*arguments, **options)
    assert getattr(client.RpcClient(wire), method)(*arguments, **options) == expected
    assert there.asked == here.asked


def test_a_ping_tells_the_version(wire):
    """The daemon answers with the version of its API."""
    assert client.RpcClient(wire).ping() == "1.4"


def test_what_lists_the_cloud_may_take_its_time(wire, daemon):
    """Only these calls are waited for longer than for an answer at once."""
    asking = client.RpcClient(wire)
    asking.start(TARGET)
    asking.sweep("x")
    asking.stats()
    asking.trust()
    assert not wire.long
    asking.plan(TARGET)
    asking.verify(TARGET)
    asking.sync()
    assert wire.long == ["plan", "verify", "model_sync"]


def test_an_error_of_the_daemon_is_raised_here(wire, daemon):
    """With its class, its text and its fields."""
    daemon.trouble = answers.refusal()
    with pytest.raises(exceptions.UnknownSweep, match="there is no sweep 'x'") as caught:
        client.RpcClient(wire).sweep("x")
    assert caught.value.sweep_id == "x"


def test_an_answer_of_another_shape_is_refused():
    """An answer that is no sweep is none."""
    asking = client.RpcClient(lambda *_, **__: {"id": 3})
    with pytest.raises(exceptions.Refused, match="no Sweep"):
        asking.sweep("x")


def imported_with(module, *names):
    """Return which of the names are imported along with a module, in a new process."""
    code = f"import sys, {module}; print([n for n in {names} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not done.stderr
    return done.stdout.strip()


def test_to_name_the_client_is_quick():
    """Neither the broker's library nor the SDK nor eventlet is imported for it."""
    slow = ("oslo_messaging", "openstack", "eventlet", "oslo_config")
    assert imported_with("cleanupd.rpc.client", *slow) == "[]"


@pytest.mark.parametrize("module", ["cleanupd.rpc.transport", "cleanupd.service.building"])
def test_threads_are_native(module):
    """Whatever is imported first, oslo.service works with threads, and warns of nothing."""
    assert imported_with(module, "oslo_service.backend._eventlet") == "[]"
