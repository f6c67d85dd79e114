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

"""The job of a service, and the place where its repository keeps jobs.

Zuul reads the first of ``zuul.yaml``, ``zuul.d``, ``.zuul.yaml`` and ``.zuul.d`` that
there is ("Configuration Loading" in its reference), so a file of another of
these names would be ignored.
"""

from typing import Any

import msgspec

from cleanupd.rally_jobs import detect
from cleanupd.rally_jobs import layout
from cleanupd.rally_jobs import repository
from cleanupd.rally_jobs import services

FILE = "rally.yaml"
#: Begins a file of ours, so that it is known when it is to be replaced.
MARK = "---\n# Written by `cleanupctl rally-jobs generate`: see rally-jobs/README.rst.\n"

_OPENDEV = "https://opendev.org/openstack"
_RALLY = "rally-openstack"


class Spot(msgspec.Struct, frozen=True):
    """Where the job goes: into a file at ``path``, or, with none, by hand to ``place``."""

    path: str
    place: str


def find_spot(tree: repository.Repository, found: detect.Detection) -> Spot:
    """Return where the job of a repository goes.

    A file is only written into a folder that Zuul reads, where no other file
    runs a task of Rally's, and never over one that somebody else wrote.
    """
    if not tree.is_folder(found.zuul):
        where = f"to {found.zuul}" if found.zuul else "to a new file, .zuul.yaml"
        return Spot("", where)
    path = f"{found.zuul}/{FILE}"
    running = [one for one in found.existing if ": rally_task: " in one]
    if any(not one.startswith(f"{path}:") for one in running):
        return Spot("", f"to {found.zuul}, where there is another of Rally's")
    if tree.mode(path) is None or (tree.read(path) or "").startswith(MARK):
        return Spot(path, "")
    return Spot("", f"to {found.zuul}, where {FILE} is somebody else's")


def job(name: str, profile: services.Profile, *, is_voting: bool) -> str:
    """Return the job of a service and its place in the pipelines, as YAML without ``---``."""
    service = services.load().services[name]
    plugins = [_RALLY, *([service.plugin] if service.plugin else [])]
    variables: dict[str, Any] = {
        "rally_task": f"rally-jobs/task-{name}.yaml",
        "devstack_plugins": {plugin: f"{_OPENDEV}/{plugin}" for plugin in plugins},
        "devstack_services": {"rally": True} | dict.fromkeys(service.devstack_services, True),
    }
    if service.localrc:
        variables["devstack_localrc"] = service.localrc
    pipelines = ("check", "gate") if is_voting else ("check",)
    ignored = [r"^.*\.rst$", "^doc/.*$", "^releasenotes/.*$", f"^{name}/tests/.*$", "^LICENSE$"]
    return layout.dump(
        [
            {
                "job": {
                    "name": f"{name}-rally",
                    "parent": service.parent,
                    "description": f"Run the task of rally-jobs against {service.title}.",
                    "timeout": profile.timeout_s,
                    "voting": is_voting,
                    "irrelevant-files": ignored,
                    "required-projects": [f"openstack/{_RALLY}", *service.projects],
                    "vars": variables,
                }
            },
            {"project": {one: {"jobs": [f"{name}-rally"]} for one in pipelines}},
        ]
    )
