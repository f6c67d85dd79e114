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
"""The scene of the demo: production, a killed benchmark, and a hand between them."""

import dataclasses
import datetime

from tests.emulator import cloud as cloud_module
from tests.emulator.scenes import benchmark
from tests.emulator.scenes import bootstrap
from tests.emulator.scenes import production

KILLED = "5a3b1c22-8f0e-4d5b-9c43-1f4d2f7a6b10"
RUNNING = "c0ffee00-1b2a-4c3d-8e4f-5a6b7c8d9e0f"


@dataclasses.dataclass
class Demo:
    """What must stay, what must go, and what must be left alone because it still runs."""

    legitimate: bootstrap.Scene
    killed: benchmark.Benchmark
    running: benchmark.Benchmark

    def assert_untouched(self, cloud: cloud_module.Cloud) -> None:
        """Production and the running benchmark have all that they had."""
        assert not self.legitimate.missing(cloud)
        assert not self.running.missing(cloud)


def demo(cloud: cloud_module.Cloud) -> Demo:
    """Production beside a workload killed three hours ago and one that runs since a minute.

    Production's volume and reserved address hang on a server of the killed one.
    """
    legitimate = production.legitimate_tenants(cloud)
    killed = benchmark.killed_benchmark(cloud, KILLED)
    running = benchmark.killed_benchmark(
        cloud, RUNNING, benchmark.Plan(tenants=1, age=datetime.timedelta(minutes=1))
    )
    with cloud.locked():
        production.lend_to_benchmark(cloud, killed.servers[0])
    return Demo(legitimate, killed, running)
