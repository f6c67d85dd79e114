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

"""The rules of ``cleanupctl rally-jobs check``, each with its reason and how to mend a breach.

The table of rules in the documentation is made from here:
``python -m cleanupd.rally_jobs.rules``.
"""

from collections.abc import Iterator
import sys

import msgspec

from cleanupd.rally_jobs.findings import Level

_ERROR, _WARNING, _NOTE = Level.ERROR, Level.WARNING, Level.NOTE


class Rule(msgspec.Struct, frozen=True):
    """One rule: what it finds, and how that is mended."""

    id: str
    level: Level
    finds: str
    mend: str


_RULES = (
    # What is looked at at all: nothing of a stranger's may cost more than a moment.
    Rule(
        "file-link",
        _ERROR,
        "a symbolic link; it is not followed",
        "put the file itself there",
    ),
    Rule(
        "file-special",
        _ERROR,
        "neither a file nor a folder: a device, a pipe, a socket",
        "remove it",
    ),
    Rule(
        "file-too-large",
        _ERROR,
        "a file that is larger than any of its sort has to be; it is not read",
        "make it smaller; an image is made by the job, which has dummy_image.qcow2",
    ),
    Rule(
        "file-encoding",
        _ERROR,
        "a text that is not UTF-8",
        "save it as UTF-8",
    ),
    Rule(
        "folder-too-large",
        _ERROR,
        "more files, or deeper folders, than are looked at",
        "keep in the folder only what jobs need",
    ),
    Rule(
        "folder-name",
        _NOTE,
        "a folder of the old name rally-scenarios, where Rally's jobs don't look",
        "rename it to rally-jobs",
    ),
    Rule(
        "no-task",
        _ERROR,
        "a folder without a task file",
        "write one: cleanupctl rally-jobs generate",
    ),
    # Templates: rendered here in a sandbox, and by Rally without one.
    Rule(
        "jinja-syntax",
        _ERROR,
        "a template that Jinja refuses, or that cannot be rendered",
        "correct the template",
    ),
    Rule(
        "jinja-forbidden",
        _ERROR,
        "a template that reaches for the insides of Python: Rally would run it as code",
        "remove it, and ask who wrote it",
    ),
    Rule(
        "jinja-runaway",
        _ERROR,
        "a template that takes more time, memory or text than any task needs",
        "remove the loop",
    ),
    Rule(
        "jinja-no-default",
        _ERROR,
        "a variable without a default that Rally recognises; jobs pass no arguments",
        'write {% set NAME = NAME or "value" %}, without a dash after the first %',
    ),
    Rule(
        "yaml-syntax",
        _ERROR,
        "a rendered file that is not YAML",
        "correct the YAML",
    ),
    Rule(
        "yaml-bomb",
        _ERROR,
        "YAML whose aliases, nesting or size go beyond what any task needs",
        "write out what the aliases stand for",
    ),
    Rule(
        "yaml-duplicate-key",
        _ERROR,
        "a key that stands twice in one mapping: all but the last are lost",
        "remove one, or make two entries of a list",
    ),
    Rule(
        "yaml-raw",
        _NOTE,
        "a file that is YAML only after Jinja has rendered it: the hook check-yaml refuses it",
        'put "# " before each {% set %}, below the line ---, and quotes around each {{ }}',
    ),
    # The shape of a task.
    Rule(
        "task-format-v1",
        _WARNING,
        "a task in the format of version 1, which has no title and no subtasks",
        "write version: 2 with title and subtasks",
    ),
    Rule(
        "task-version",
        _ERROR,
        "a version of the format that Rally doesn't know",
        "write version: 2",
    ),
    Rule(
        "task-shape",
        _ERROR,
        "a value of another type than Rally wants there",
        "give it the shape that Rally's documentation of tasks shows",
    ),
    Rule(
        "task-key-missing",
        _ERROR,
        "a task, subtask or workload without a key that Rally requires",
        "add the key",
    ),
    Rule(
        "task-key-unknown",
        _ERROR,
        "a key that Rally doesn't know at this place",
        "correct or remove the key",
    ),
    # Workloads.
    Rule(
        "scenario-unknown",
        _ERROR,
        "a scenario that neither Rally nor a plugin of the folder has",
        "correct the name",
    ),
    Rule(
        "argument-missing",
        _ERROR,
        "a scenario without an argument that it requires",
        "add the argument",
    ),
    Rule(
        "argument-unknown",
        _ERROR,
        "an argument that the scenario doesn't take",
        "correct or remove the argument",
    ),
    Rule(
        "argument-invalid",
        _ERROR,
        "an argument whose value the scenario refuses",
        "give a value that it takes",
    ),
    Rule(
        "argument-restricted",
        _ERROR,
        "an argument that only Rally may give, such as a name",
        "remove it: Rally names what it creates, so that it can remove it",
    ),
    Rule(
        "context-unknown",
        _ERROR,
        "a context that neither Rally nor a plugin of the folder has",
        "correct the name",
    ),
    Rule(
        "context-invalid",
        _ERROR,
        "a context with settings that it refuses",
        "correct the settings",
    ),
    Rule(
        "context-missing",
        _ERROR,
        "a scenario without a context that it requires",
        "add the context",
    ),
    Rule(
        "context-hidden",
        _ERROR,
        "a context that Rally adds by itself and refuses in a task: cleanup",
        "remove it",
    ),
    Rule(
        "context-advised",
        _NOTE,
        "a scenario that boots servers without the context network",
        "add network: {} to contexts and auto_assign_nic: true to the arguments",
    ),
    Rule(
        "quota-unknown",
        _ERROR,
        "a service or resource that the context quotas cannot set",
        "correct the name; Neutron's are singular: network, subnet, port",
    ),
    Rule(
        "runner-unknown",
        _ERROR,
        "a runner that Rally doesn't have",
        "write constant, constant_for_duration, rps or serial",
    ),
    Rule(
        "runner-invalid",
        _ERROR,
        "a runner with settings that it refuses, such as a concurrency above times",
        "correct the settings",
    ),
    Rule(
        "hook-unknown",
        _ERROR,
        "a hook or trigger that Rally doesn't have",
        "correct the name",
    ),
    Rule(
        "hook-invalid",
        _ERROR,
        "a hook or trigger with settings that it refuses",
        "correct the settings",
    ),
    # SLAs: what Rally never tells.
    Rule(
        "sla-unknown",
        _ERROR,
        "an SLA that Rally doesn't have",
        "correct the name",
    ),
    Rule(
        "sla-invalid",
        _ERROR,
        "an SLA with settings that it refuses",
        "correct the settings",
    ),
    Rule(
        "sla-dead-action",
        _ERROR,
        "a limit for an action that the scenario never times: it always passes, unnoticed",
        "name an action that the scenario times",
    ),
    Rule(
        "sla-nested-action",
        _ERROR,
        "a limit for an action that is only timed within another: it always passes, unnoticed",
        "limit the action around it",
    ),
    Rule(
        "sla-no-failure-rate",
        _ERROR,
        "SLAs without failure_rate: a workload of which every iteration fails passes",
        "add failure_rate: {max: 0}",
    ),
    Rule(
        "sla-one-version",
        _NOTE,
        "a limit for an action that has another name in rally-openstack's master, which jobs run",
        "give the limit under both names",
    ),
    # Files that a task needs.
    Rule(
        "extra-missing",
        _ERROR,
        "a file of ~/.rally/extra that is not in the folder extra, and that jobs don't make",
        "add it to extra, or correct the name",
    ),
    Rule(
        "path-outside-extra",
        _WARNING,
        "a file that no job puts there: only the folder extra is copied, to ~/.rally/extra",
        "put it into extra and write ~/.rally/extra/NAME",
    ),
    Rule(
        "url-at-run-time",
        _WARNING,
        "a URL that is fetched while the benchmark runs: the mirror is measured, or is down",
        "use ~/.rally/extra/dummy_image.qcow2, which jobs make, or a file in extra",
    ),
    # Plugins: read, never imported.
    Rule(
        "plugin-syntax",
        _ERROR,
        "a plugin that is not Python",
        "correct the syntax",
    ),
    Rule(
        "plugin-dead-import",
        _ERROR,
        "a plugin that imports what this Rally doesn't have: none of it is loaded",
        "import it from where it is now, mostly rally_openstack.task",
    ),
    Rule(
        "plugin-old-import",
        _WARNING,
        "a plugin that imports by a name that only a shim of rally-openstack still knows",
        "import it by its new name",
    ),
    Rule(
        "plugin-cleanup",
        _ERROR,
        "a scenario to be cleaned up by resources that neither Rally nor the plugins have",
        "add classes with @base.resource(...), or correct the name",
    ),
    # Texts and jobs around the folder.
    Rule(
        "readme-missing",
        _WARNING,
        "a folder without README.rst",
        "write one: cleanupctl rally-jobs generate",
    ),
    Rule(
        "readme-absent-file",
        _WARNING,
        "a README that names a file that is not there",
        "name the file that is there",
    ),
    Rule(
        "job-absent-file",
        _ERROR,
        "a Zuul job whose rally_task is not there",
        "name the file that is there",
    ),
    Rule(
        "job-unknown-parent",
        _ERROR,
        "a Zuul job whose parent rally-openstack doesn't have: an error of configuration",
        "take rally-task-at-devstack",
    ),
    Rule(
        "job-ignored",
        _ERROR,
        "a Zuul job in a file that Zuul doesn't read, as it reads another one",
        "move it to the one that Zuul reads",
    ),
    Rule(
        "job-missing",
        _NOTE,
        "a task file that no Zuul job of the repository runs",
        "add a job, or remove the file",
    ),
    # An installed Rally has the last word.
    Rule(
        "rally-refuses",
        _ERROR,
        "a workload that the installed Rally refuses; the message is Rally's",
        "do what the message says",
    ),
)

RULES = {rule.id: rule for rule in _RULES}


def lines() -> Iterator[str]:
    """Yield the table of rules in reStructuredText."""
    yield ".. list-table::"
    yield "   :widths: 22 8 40 30"
    yield "   :header-rows: 1"
    yield ""
    for row in (("rule", "level", "what it finds", "how to mend it"), *map(_cells, _RULES)):
        for i, cell in enumerate(row):
            yield f"   {'*' if i == 0 else ' '} - {cell}"


def _cells(rule: Rule) -> tuple[str, str, str, str]:
    return f"``{rule.id}``", rule.level, _text(rule.finds), _text(rule.mend)


def _text(text: str) -> str:
    return text.replace("*", "\\*")


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in lines())
