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

"""Folders of Rally jobs that are right, and that are wrong in one way each."""

from collections.abc import Mapping
import pathlib
from typing import NamedTuple

TASK = """\
---
version: 2
title: Rally Task for Nova
subtasks:
  - title: Keypairs
    workloads:
      - scenario:
          NovaKeypair.create_and_list_keypairs: {}
        runner:
          constant: {times: 4, concurrency: 2}
        contexts:
          users: {tenants: 1, users_per_tenant: 1}
          quotas: {nova: {key_pairs: -1}}
        sla:
          max_avg_duration_per_atomic:
            nova.list_keypairs: 15
          failure_rate: {max: 0}
"""
README = "Rally job related files\n=======================\n\nThe task is task-nova.yaml.\n"
JOBS = """\
- job:
    name: nova-rally
    parent: rally-task-nova
    vars:
      rally_task: rally-jobs/task-nova.yaml
"""

Files = Mapping[str, str | bytes]

RIGHT: Files = {
    "rally-jobs/task-nova.yaml": TASK,
    "rally-jobs/README.rst": README,
    "rally-jobs/plugins/__init__.py": "",
    ".zuul.yaml": JOBS,
}


def write(root: pathlib.Path, files: Files) -> pathlib.Path:
    """Write files below a folder and return the folder."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


class Wrong(NamedTuple):
    """What is changed in the right folder, and which finding that has to bring, and where."""

    rule: str
    where: str
    files: Files
    line: int = 1


def task(old: str, new: str) -> Files:
    """Return the right task with one text in place of another."""
    assert TASK.count(old) == 1, old
    return {"rally-jobs/task-nova.yaml": TASK.replace(old, new)}


def scenario(text: str, *, slas: str = "{failure_rate: {max: 0}}", contexts: str = "{}") -> Files:
    """Return a task of one workload; the scenario stands in line 5."""
    lines = ("---", "version: 2", "title: T", "subtasks:", f"  - {{title: t, scenario: {text},")
    content = "\n".join((*lines, f"     sla: {slas},", f"     contexts: {contexts}}}", ""))
    return {"rally-jobs/task-nova.yaml": content}


def plugin(text: str) -> Files:
    """Return a plugin."""
    return {"rally-jobs/plugins/own.py": text}


_TASK = "rally-jobs/task-nova.yaml"
_README = "rally-jobs/README.rst"
_PLUGIN = "rally-jobs/plugins/own.py"
_SCENARIO = "NovaKeypair.create_and_list_keypairs: {}"
_BOOT = "NovaServers.boot_and_list_server: {image: {name: i}, flavor: {name: f}"
_STACK = "HeatStacks.create_and_list_stack: {template_path:"
_NET = "network: {}"

WRONG = (
    Wrong("file-encoding", _README, {_README: b"a\n\xff\n"}, 2),
    Wrong("file-encoding", _TASK, {_TASK: b"---\ntitle: \xe4\n"}, 2),
    Wrong("file-too-large", _TASK, {_TASK: "#" * 300_000}),
    Wrong(
        "folder-too-large",
        "rally-jobs/a/b/c/d/e/f/g",
        {"rally-jobs/a/b/c/d/e/f/g/h": ""},
    ),
    Wrong("jinja-syntax", _TASK, {_TASK: "---\n{{ a + }}\n"}, 2),
    Wrong("jinja-syntax", _TASK, {_TASK: "---\n\n{% include 'absent.j2' %}\n"}, 3),
    Wrong("jinja-forbidden", _TASK, {_TASK: TASK + "# {{ ''.__class__ }}\n"}, 18),
    Wrong("jinja-runaway", _TASK, {_TASK: "{{ 'x' * 10**7 }}"}),
    Wrong("jinja-no-default", _TASK, task("times: 4", "times: {{ times }}"), 10),
    Wrong(
        "jinja-no-default",
        _TASK,
        {
            _TASK: "{%- set times = times or 4 %}\n"
            + TASK.replace("times: 4", "times: {{ times }}")
        },
    ),
    Wrong(
        "jinja-no-default",
        _TASK,
        {_TASK: TASK.replace("---\n", "---\n# {% set image = image %}\n", 1)},
        2,
    ),
    Wrong("yaml-syntax", _TASK, {_TASK: "---\na: b: c\n"}, 2),
    Wrong("yaml-bomb", _TASK, {_TASK: "---\na: &a [*a]\n"}, 2),
    Wrong("yaml-duplicate-key", _TASK, task("title: Rally", "version: 2\ntitle: Rally"), 2),
    Wrong(
        "yaml-raw",
        _TASK,
        {_TASK: "{% set times = times or 4 %}\n" + TASK.replace("times: 4", "times: {{ times }}")},
    ),
    Wrong("task-format-v1", _TASK, {_TASK: "---\nDummy.openstack:\n  - {}\n"}, 2),
    Wrong("task-version", _TASK, task("version: 2", "version: 3"), 2),
    Wrong("task-shape", _TASK, {_TASK: ""}),
    Wrong("task-shape", _TASK, {_TASK: "- a\n"}),
    Wrong("task-shape", _TASK, task("title: Rally Task for Nova", "title: [a]"), 3),
    Wrong("task-key-missing", _TASK, task("title: Rally Task for Nova\n", ""), 2),
    Wrong("task-key-unknown", _TASK, task("contexts:", "context:"), 11),
    Wrong("task-key-unknown", _TASK, task("version: 2", "version: 2\nauthor: me"), 3),
    Wrong("scenario-unknown", _TASK, task("create_and_list", "create_and_lst"), 8),
    Wrong("argument-missing", _TASK, scenario("{CinderVolumes.create_and_delete_volume: {}}"), 5),
    Wrong("argument-missing", _TASK, scenario("{NeutronNetworks.create_and_list_subnets: {}}"), 5),
    Wrong("argument-unknown", _TASK, scenario("{NovaFlavors.list_flavors: {detail: true}}"), 5),
    Wrong(
        "argument-invalid",
        _TASK,
        scenario("{GlanceImages.import_and_delete_image: {image_location: [a]}}"),
        5,
    ),
    Wrong(
        "argument-restricted",
        _TASK,
        scenario("{CinderVolumes.create_volume: {name: x, size: 1}}"),
        5,
    ),
    Wrong("context-unknown", _TASK, task("users: {", "user: {"), 12),
    Wrong("context-invalid", _TASK, task("tenants: 1", "tenants: 0"), 12),
    Wrong(
        "context-missing",
        _TASK,
        scenario("{CinderVolumes.create_from_volume_and_delete_volume: {size: 1}}"),
        7,
    ),
    Wrong("context-hidden", _TASK, task("users: {", "cleanup: [nova]\n          users: {"), 12),
    Wrong("context-advised", _TASK, scenario(f"{{{_BOOT}}}}}"), 5),
    Wrong("quota-unknown", _TASK, task("key_pairs", "keypairs"), 13),
    Wrong(
        "quota-unknown", _TASK, task("quotas: {nova: {key_pairs: -1}}", "quotas: {heat: {}}"), 13
    ),
    Wrong("runner-unknown", _TASK, task("constant:", "constnt:"), 10),
    Wrong("runner-invalid", _TASK, task("concurrency: 2", "concurrency: 20"), 10),
    Wrong(
        "hook-unknown",
        _TASK,
        task(
            "        runner:\n",
            "        hooks: [{action: {call: x}, trigger: {event: {unit: time, at: [1]}}}]\n"
            "        runner:\n",
        ),
        9,
    ),
    Wrong(
        "hook-invalid",
        _TASK,
        task(
            "        runner:\n",
            "        hooks: [{action: {sys_call: x}, trigger: {event: {unit: day, at: [1]}}}]\n"
            "        runner:\n",
        ),
        9,
    ),
    Wrong("sla-unknown", _TASK, task("failure_rate", "failure_rates"), 17),
    Wrong("sla-invalid", _TASK, task("{max: 0}", "{max: 200}"), 17),
    Wrong("sla-dead-action", _TASK, task("nova.list_keypairs", "nova.list_keypair"), 16),
    Wrong(
        "sla-nested-action",
        _TASK,
        scenario(
            "{NeutronNetworks.create_and_delete_routers: {subnets_per_network: 1}}",
            slas="{max_avg_duration_per_atomic: {neutron.add_interface_router: 1}}",
        ),
        6,
    ),
    Wrong("sla-no-failure-rate", _TASK, task("          failure_rate: {max: 0}\n", ""), 14),
    Wrong(
        "sla-one-version",
        _TASK,
        scenario(
            "{KeystoneBasic.create_user: {}}",
            slas="{max_avg_duration_per_atomic: {keystone_v3.create_user: 1}}",
        ),
        6,
    ),
    Wrong("extra-missing", _TASK, scenario(f"{{{_STACK} ~/.rally/extra/t.yaml}}}}"), 5),
    Wrong("path-outside-extra", _TASK, scenario(f"{{{_STACK} /tmp/t.yaml}}}}"), 5),
    Wrong(
        "url-at-run-time",
        _TASK,
        scenario(
            "{GlanceImages.create_and_list_image: {image_location: 'http://example.org/i',"
            " container_format: bare, disk_format: raw}}"
        ),
        5,
    ),
    Wrong("plugin-syntax", _PLUGIN, plugin("import os\ndef\n"), 2),
    Wrong("plugin-dead-import", _PLUGIN, plugin("from rally.plugins.openstack import scenario\n")),
    Wrong(
        "plugin-dead-import",
        _PLUGIN,
        plugin("import os\nfrom rally_openstack import no_such\n"),
        2,
    ),
    Wrong(
        "plugin-dead-import",
        _PLUGIN,
        plugin(
            "from rally_openstack.task.scenarios.nova import utils\n\n\n"
            "class Own(utils.NovaScenarioMixin):\n    pass\n"
        ),
        4,
    ),
    Wrong("plugin-old-import", _PLUGIN, plugin("from rally_openstack import consts\n")),
    Wrong(
        "plugin-old-import",
        _PLUGIN,
        plugin("import os\nfrom rally_openstack.scenarios.nova import utils\n"),
        2,
    ),
    Wrong(
        "plugin-cleanup",
        _PLUGIN,
        plugin(
            "from rally.task import scenario\n"
            "@scenario.configure(name='Trove.x', context={'cleanup@openstack': ['trove']})\n"
            "class X:\n    pass\n"
        ),
        2,
    ),
    Wrong("readme-absent-file", _README, {_README: "A\n=\n\nSee nova.yaml.\n"}, 4),
    Wrong("job-absent-file", ".zuul.yaml", {".zuul.yaml": JOBS.replace("task-nova", "nova")}, 5),
    Wrong(
        "job-unknown-parent",
        ".zuul.yaml",
        {".zuul.yaml": JOBS.replace("rally-task-nova", "rally-task-keystone")},
        3,
    ),
    Wrong("job-ignored", ".zuul.yaml", {"zuul.d/jobs.yaml": JOBS}, 2),
    Wrong("job-missing", _TASK, {".zuul.yaml": "- project: {}\n"}),
)
