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

"""What a stop does to removals that wait for a thread."""

import threading
import time

from cleanupd.engine import executor
from cleanupd.engine import sweep
from cleanupd.journal import places
from cleanupd.journal import sql
from tests.unit.core.sample import name
from tests.unit.core.sample import record
from tests.unit.engine import fakes

WORKLOAD = "5a3b1c22-4d5e-4f60-8172-93a4b5c6d7e8"


def test_a_stop_drops_what_waits_for_a_thread(tmp_path):
    """Of many resources that could go at once, only those under way are removed."""
    stop = threading.Event()
    cloud = fakes.FakeCloud().add(
        *(record("network.network", f"net{n}", name=name()) for n in range(50))
    )
    managers = fakes.make_managers()

    class Stopping(managers["network.network"]):
        """Sets the stop when the first one is removed."""

        def delete(self):
            """Stop, and remove."""
            stop.set()
            time.sleep(0.05)
            super().delete()

    managers["network.network"] = Stopping
    settings = sweep.Settings(limits=executor.Limits(workers=2, poll_s=0.01))
    engine = sweep.Engine(cloud, managers, sql.Journal(places.in_directory(tmp_path)), settings)
    plan = engine.plan(engine.observe(), sweep.Target(workloads=(WORKLOAD,)))
    done = engine.execute(plan, stop=stop)
    gone = [result for result in done.results if result.is_gone]
    assert len(gone) < 50
    assert len(cloud.records) == 50 - len(gone)
    assert done.state == "failed"
