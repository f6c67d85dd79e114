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
"""Prints the status of each pair of a server's state and task; runs where Nova is installed."""

import json
import sys


def find_statuses() -> dict[str, dict[str, str]]:
    """The statuses by state and task, which is empty for none."""
    from nova.api.openstack import common  # noqa: PLC0415 - Nova is in no environment of ours
    from nova.compute import task_states  # noqa: PLC0415
    from nova.compute import vm_states  # noqa: PLC0415

    def names(module: object) -> list[str]:
        found = (getattr(module, name) for name in vars(module) if name.isupper())
        return sorted(name for name in found if isinstance(name, str))

    return {
        state: {
            task: common.status_from_state(state, task or None)
            for task in ("", *names(task_states))
        }
        for state in names(vm_states)
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(find_statuses(), indent=1) + "\n")
