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

"""The daemon over a real broker: what it answers, what it survives, what it says.

What it removes is told by the acceptance.
"""

import contextlib
import signal
import socket
import threading
import uuid

import kombu
import pytest

from cleanupd import exceptions
from cleanupd.conf import loading
from cleanupd.conf import settings
from cleanupd.engine import sweep as sweeps
from cleanupd.journal.store import State
from cleanupd.rpc import api
from cleanupd.rpc import transport
from tests.functional import daemon_process
from tests.sandbox import box
from tests.unit.service import stage

BROKER = "127.0.0.1:15673"
OPTIONS = """\
[DEFAULT]
transport_url = rabbit://openstack:{password}@{broker}/
state_path = {state}
host = here
rpc_response_timeout = 8
[cloud]
name = admin
[rpc]
topic = {topic}
[notifications]
pool = {topic}
[sweep]
mode = {mode}
"""


class Relay:
    """Stands between a daemon and the broker, and can be cut."""

    def __init__(self):
        """Listen on a free port."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._open = []
        self._is_cut = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if self._is_cut:
                    near.close()
                    continue
                host, _, port = BROKER.partition(":")
                far = socket.create_connection((host, int(port)))
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    def _copy(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)

    def cut(self):
        """Drop all connections and take no new ones."""
        self._is_cut = True
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def restore(self):
        """Take connections again."""
        self._is_cut = False

    def close(self):
        """End."""
        self.cut()
        self._listener.close()


class Answering:
    """A daemon on the real broker, and clients of it."""

    def __init__(self, folder):
        """Describe it; nothing runs yet."""
        self.process = daemon_process.DaemonProcess(folder, "http://127.0.0.1:1")
        self.process.environment = box.read_environment()
        self.topic = f"cleanupd-{uuid.uuid4().hex[:8]}"

    def configure(self, mode="enforce", password="secret", broker=BROKER):
        """Write its options."""
        state = self.process.folder / "state"
        self.process.file.write_text(
            OPTIONS.format(
                broker=broker, password=password, state=state, topic=self.topic, mode=mode
            )
        )

    def start(self, mode="enforce", broker=BROKER):
        """Start it and return a client when it has listed the cloud."""
        self.configure(mode, broker=broker)
        self.process.start()
        self.process.wait_for("Job sync_network: ", seconds=120)
        return self.connect()

    def connect(self):
        """Return a client."""
        conf = loading.load(["--config-file", str(self.process.file)])
        return transport.connect(conf, settings.make_settings(conf).address)


@pytest.fixture
def daemon(tmp_path):
    """Give a daemon that is not started, and end it."""
    answering = Answering(tmp_path)
    yield answering
    answering.process.end()
    with kombu.Connection(f"amqp://openstack:secret@{BROKER}//") as broker:
        for queue in (topic := answering.topic, f"{topic}.here", f"{topic}-here.info"):
            broker.channel().queue_delete(queue)


def test_it_answers_over_the_broker(daemon):
    """It says who it is, and knows what is in the cloud."""
    client = daemon.start()
    assert client.ping() == api.VERSION
    status = client.status()
    assert (status.cloud, status.mode) == ("admin", "enforce")
    assert [job.last_result for job in status.jobs if job.name == "sync_network"] != [None]
    kinds = {kind.kind: kind for kind in client.model().kinds}
    assert kinds["identity.project"].count > 0
    assert not [kind.kind for kind in kinds.values() if kind.doubt]
    assert daemon.process.stop() == 0


def test_a_dry_run_is_planned_and_shown(daemon):
    """A workload that left nothing has an empty plan, which is over at once."""
    client = daemon.start()
    target = sweeps.Target(workloads=(str(uuid.uuid4()),))
    sweep = client.start(target, is_dry_run=True)
    stage.wait_until(lambda: client.sweep(sweep.id).state is State.PLANNED, seconds=120)
    shown = client.sweep(sweep.id)
    assert (shown.planned, shown.note) == (0, "nothing was removed: it was a dry run")
    assert client.stored_plan(sweep.id).steps == ()
    assert client.verify(target).is_clean


def test_sighup_keeps_the_model(daemon):
    """The mode changes, and what is known is of the same moment as before."""
    client = daemon.start("report")
    before = client.model()
    daemon.configure("enforce")
    daemon.process.signal(signal.SIGHUP)
    stage.wait_until(lambda: client.status().mode == "enforce")
    assert client.model() == before


def test_it_outlives_a_broker_that_goes_away(daemon):
    """It answers again when the broker is back, and has not been restarted."""
    relay = Relay()
    daemon.start(broker=relay.address)
    daemon.configure()
    client = daemon.connect()
    started = client.status().started_at
    relay.cut()
    with pytest.raises(exceptions.DaemonUnreachable):
        client.ping()
    relay.restore()
    stage.wait_until(lambda: is_answered(client), seconds=60)
    assert client.status().started_at == started
    assert daemon.process.stop() == 0
    relay.close()


def is_answered(client):
    """Return whether the daemon answers."""
    with contextlib.suppress(exceptions.DaemonUnreachable):
        return client.ping() == api.VERSION
    return False


def test_a_daemon_that_has_ended_is_told(daemon):
    """A client waits no longer than its option says."""
    client = daemon.start()
    assert daemon.process.stop() == 0
    with pytest.raises(exceptions.DaemonUnreachable, match="check that cleanupd runs"):
        client.ping()


def test_a_request_that_nobody_took_is_not_taken_later(daemon):
    """A sweep that its caller gave up must not begin when the daemon comes back."""
    client = daemon.start()
    assert daemon.process.stop() == 0
    with pytest.raises(exceptions.DaemonUnreachable):
        client.start(sweeps.Target(workloads=(str(uuid.uuid4()),)))
    client = daemon.start()
    assert client.sweeps() == ()
    assert client.status().running is None


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ({"password": "guess"}, "ACCESS_REFUSED"),
        ({"broker": "127.0.0.1:1"}, "127.0.0.1:1: Connection refused"),
    ],
)
def test_a_broker_that_refuses_ends_the_start(daemon, broken, expected):
    """One line says what to check, and the exit code is 1; a client says the same."""
    daemon.configure(**broken)
    daemon.process.start()
    assert daemon.process.wait() == 1
    (line,) = [line for line in daemon.process.log.splitlines() if " ERROR " in line]
    assert expected in line
    assert "check transport_url" in line
    with pytest.raises(exceptions.BusUnreachable, match=expected):
        daemon.connect().ping()
