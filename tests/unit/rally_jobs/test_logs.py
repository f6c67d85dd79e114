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

"""Failed cleanups, found in logs and reports."""

import io

import msgspec

from cleanupd.rally_jobs import logs
from cleanupd.rally_jobs import runs
from tests.unit.rally_jobs import reports

#: As rally-openstack 4.1.0 logs them.
LOG = b"""\
2026-11-21 08:02:31.123 77 INFO rally.task.context [-] Task 5a | Context cleanup@openstack cleanup() started
2026-11-21 08:02:32.123 77 WARNING rally_openstack.task.cleanup.manager [-] Resource deletion failed, max retries exceeded for nova.servers: 3f1c7d8a-1b2c. Reason: HTTP 500
2026-11-21 08:02:33.123 77 WARNING rally_openstack.task.cleanup.manager [-] Resource deletion failed, timeout occurred for cinder.volumes: 9d.
2026-11-21 08:02:33.123 77 WARNING rally_openstack.task.cleanup.manager [-] Missing resource managers: trove
2026-11-21 08:02:33.123 77 ERROR rally_openstack.task.cleanup.manager [-] Seems like rally_openstack.x.ZaqarQueues.list(self) method is broken. It shouldn't raise any exceptions.: ValueError
2026-11-21 08:02:33.123 77 ERROR rally.task.context [-] Task 5a | Context users@openstack cleanup() failed after 1.2s: Conflict
2026-11-21 08:02:33.123 77 WARNING rally_openstack.task.contexts.quotas.quotas [-] Failed to restore quotas for tenant 8a in service nova
"""  # noqa: E501 - lines of a log


def test_every_sort_of_failure_is_found() -> None:
    """Each warning that Rally leaves of a failed cleanup is found with kind, id and line."""
    found = list(logs.scan(io.BytesIO(LOG)))
    assert [(one.kind, one.id, one.source) for one in found] == [
        ("nova.servers", "3f1c7d8a-1b2c", "line 2"),
        ("cinder.volumes", "9d", "line 3"),
        ("trove", "", "line 4"),
        ("rally_openstack.x.ZaqarQueues.list", "", "line 5"),
        ("users@openstack", "", "line 6"),
        ("quotas", "8a", "line 7"),
    ]
    assert found[0].reason == "HTTP 500"
    assert found[1].reason == "timeout occurred"


def test_a_failure_is_told_once() -> None:
    """What a log says many times is one failure."""
    assert len(list(logs.scan(io.BytesIO(LOG * 3)))) == 6


def test_a_debug_log_without_reason_is_understood() -> None:
    """With --debug Rally logs no reason in the line but a traceback below it."""
    line = b"ERROR Resource deletion failed, max retries exceeded for nova.servers: 3f.\n"
    assert [one.id for one in logs.scan(io.BytesIO(line))] == ["3f"]


def test_a_log_of_anything_is_read() -> None:
    """Bytes that are no text, and lines without an end, are passed over."""
    content = b"\xff\xfe\n" + b"x" * 3 * logs.LONGEST_LINE + b"\n" + LOG
    assert len(list(logs.scan(io.BytesIO(content)))) == 6


def test_a_report_tells_of_contexts() -> None:
    """A context whose cleanup ended with an error is its workload's failure."""
    results = [
        {"plugin_name": "users@openstack", "cleanup": {"error": ["Conflict", "in use", "trace"]}},
        {"plugin_name": "network@openstack", "cleanup": {"error": None}},
        {"plugin_name": "quotas@openstack", "cleanup": None},
    ]
    task = reports.report(reports.workload(contexts_results=results))["tasks"]
    found = list(logs.of_reports(msgspec.convert(task, list[runs.Task])))
    assert [(one.kind, one.workload) for one in found] == [("users@openstack", reports.OLD_UUID)]
    assert found[0].reason == "in use"
