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
"""``down``: what was started is stopped, the infrastructure last."""

import shutil

from controlplane import graph
from controlplane import sandbox


def take_down(box: sandbox.Sandbox, *, wipe: bool) -> list[str]:
    """No process of the sandbox is left; ``wipe`` forgets all its state too. Who was stopped."""
    table = box.table
    infrastructure = {
        process.name
        for service in box.known.values()
        if service.is_infrastructure
        for process in service.processes
    }
    names = table.names()
    for group in (set(names) - infrastructure, set(names) & infrastructure):
        steps = graph.Graph(quiet=True)
        for name in group:
            steps.add(name, lambda name=name: table.stop(name))  # type: ignore[misc]
        steps.run()
    if wipe:
        for folder in (box.folders.state, box.folders.etc, box.folders.log):
            shutil.rmtree(folder, ignore_errors=True)
        box.folders.clouds_yaml.unlink(missing_ok=True)
    return names
