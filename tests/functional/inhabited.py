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

"""A whole daemon in this process, which is asked over a bus that is in memory."""

import threading
import uuid

from cleanupd.conf import loading
from cleanupd.conf import settings
from cleanupd.rpc import transport
from cleanupd.service import building
from cleanupd.service.orders import Order
from tests.emulator import messaging
from tests.functional import daemon_process
from tests.unit.service import stage

#: The bus that is in memory, which daemon, clients and emulated services share.
BUS = "fake://"


def telling(cloud):
    """Return a context in which an emulated cloud tells over the bus what happens to it."""
    return messaging.sending(cloud.bus, BUS)


class Inhabited:
    """A daemon in a thread, over an emulated cloud, with a client."""

    def __init__(self, folder, url):
        """Write its files; nothing runs yet."""
        self.files = daemon_process.DaemonProcess(folder, url)
        self.topic = f"cleanupd-{uuid.uuid4().hex}"
        self._thread = None

    def configure(self, sweep="", **more):
        """Write its options."""
        default = f"transport_url = {BUS}\nhost = here"
        self.files.configure(default=default, sweep=sweep, **more)
        text = self.files.file.read_text()
        rpc = f"[rpc]\ntopic = {self.topic}\nserver = here"
        self.files.file.write_text(text.replace("[rpc]\nenabled = false", rpc))

    def load(self):
        """Read its options."""
        return loading.load(["--config-file", str(self.files.file)])

    def start(self, sweep="", **more):
        """Run it until it answers, and return a client."""
        self.configure(sweep, **more)
        self.supervisor = building.build(self.load, {}, str)
        self._thread = threading.Thread(target=self.supervisor.run)
        self._thread.start()
        conf = self.load()
        transport.register_opts(conf)
        conf.set_override("rpc_response_timeout", 60)
        client = transport.connect(conf, settings.make_settings(conf).address)
        stage.wait_until(lambda: client.status().model_taken_at)
        assert all(kind.listed_at for kind in client.model().kinds)
        return client

    def stop(self):
        """End it."""
        if self._thread is not None:
            self.supervisor.inbox.put(Order.STOP)
            self._thread.join(20)
            assert not self._thread.is_alive()
            self.supervisor.inbox.close()
