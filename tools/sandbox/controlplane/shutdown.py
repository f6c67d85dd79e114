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
from controlplane import layout
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
        wipe_state(box.folders)
    return names


def wipe_state(folders: layout.Layout) -> None:
    """Only what was installed is left, and the folder of the lock."""
    kept = {folders.venv, folders.run, folders.home / "uv", folders.rally}
    doomed = [path for path in folders.home.iterdir() if path not in kept]
    if folders.rally.exists():
        doomed += [path for path in folders.rally.iterdir() if path.name != "venv"]
    for path in doomed:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
