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
"""Clouds full of people: what is legitimate, and what a killed benchmark left among it.

``ground`` makes what each cloud has (an administrator, an external network, an image);
``legitimate_tenants`` adds production with nasty names; ``killed_benchmark`` adds what a Rally
that got SIGKILL leaves, in the shapes seen on a real cloud; ``demo`` is all of it, entangled.

Each returns a `Scene` that knows what it made, by kind, so that a test can say what must be gone
and what must be untouched.
"""

from tests.emulator.scenes.benchmark import Benchmark
from tests.emulator.scenes.benchmark import Plan
from tests.emulator.scenes.benchmark import killed_benchmark
from tests.emulator.scenes.bootstrap import Scene
from tests.emulator.scenes.bootstrap import ground
from tests.emulator.scenes.demo import KILLED
from tests.emulator.scenes.demo import RUNNING
from tests.emulator.scenes.demo import Demo
from tests.emulator.scenes.demo import demo
from tests.emulator.scenes.further import leave_further
from tests.emulator.scenes.production import legitimate_tenants
from tests.emulator.scenes.production import lend_to_benchmark
from tests.emulator.scenes.production import move_in

__all__ = [
    "KILLED",
    "RUNNING",
    "Benchmark",
    "Demo",
    "Plan",
    "Scene",
    "demo",
    "ground",
    "killed_benchmark",
    "leave_further",
    "legitimate_tenants",
    "lend_to_benchmark",
    "move_in",
]
