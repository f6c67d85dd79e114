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

"""What the tests of the engine share: a workload, settings, and a look at outcomes."""

from cleanupd.engine import executor
from cleanupd.engine import sweep

WORKLOAD = "5a3b1c22-4d5e-4f60-8172-93a4b5c6d7e8"
SETTINGS = sweep.Settings(
    limits=executor.Limits(workers=4, poll_s=0.01, timeout_s=0.2, conflict_s=0.1)
)


def run(engine, progress=None, stop=None, **target):
    """Plan and execute, and return the sweep."""
    asked = sweep.Target(**(target or {"workloads": (WORKLOAD,)}))
    return engine.execute(engine.plan(engine.observe(), asked), progress, stop)


def outcomes(done):
    """Return the outcome of each step by id."""
    return {result.ref.id: str(result.outcome) for result in done.results}
