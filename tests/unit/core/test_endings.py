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

"""From when on a workload is over."""

import datetime

from cleanupd.core import endings
from cleanupd.core import model
from cleanupd.core import roots
from cleanupd.core import workloads
from tests.unit.core import sample

HOUR = datetime.timedelta(hours=1)
OTHER = "c0ffee00"


def find_part(record):
    """Return what stands between the second and the last low line of a name."""
    parts = (record.name or "").split("_")
    return parts[2] if len(parts) == 4 else None


def records_of(*records):
    """Return records by kind, with their parts of workloads."""
    by_kind = {}
    for record in records:
        by_kind.setdefault(record.ref.kind, []).append(record)
    return model.Records(
        roots={kind: roots.KindRoot.build(of, find_part) for kind, of in by_kind.items()}
    )


def scope(*parts, told=None, is_wide=False):
    """Return a scope in which an idle hour is the end."""
    told = told or workloads.Told()
    return endings.Scope(parts=frozenset(parts), is_wide=is_wide, idle=HOUR, told=told)


def test_the_last_date_of_all_names_counts():
    """Of whatever kind, and whether something was created or changed."""
    found = endings.find_activity(
        records_of(
            sample.record(
                "compute.server",
                "a",
                name="s_rally_deadbeef_x",
                created_at=sample.NOW - 3 * HOUR,
                updated_at=sample.NOW - HOUR,
            ),
            sample.record(
                "network.network",
                "n",
                name="s_rally_deadbeef_y",
                created_at=sample.NOW - 2 * HOUR,
            ),
            sample.record("network.network", "m", name="production", created_at=sample.NOW),
        )
    )
    assert found == {"deadbeef": sample.NOW - HOUR}


def test_what_has_no_date_is_told():
    """It is known when it was last active only if anything of it has a date."""
    undated = sample.record("compute.keypair", "k", name="s_rally_deadbeef_x", created_at=None)
    assert endings.find_activity(records_of(undated)) == {"deadbeef": None}


def test_a_workload_is_over_when_it_was_idle_for_long_enough():
    """Those that are named, or all where the scope is wide."""
    activity = {"deadbeef": sample.NOW, OTHER: sample.NOW}
    assert endings.find_over(activity, scope(OTHER)) == {OTHER: sample.NOW + HOUR}
    assert endings.find_over(activity, scope(is_wide=True)).keys() == {"deadbeef", OTHER}


def test_rallys_word_needs_no_idleness():
    """What it calls over was over before anybody asked."""
    told = workloads.Told(over=frozenset({"deadbeef"}))
    found = endings.find_over({"deadbeef": sample.NOW}, scope(told=told, is_wide=True))
    assert found["deadbeef"] < sample.NOW - 1000 * HOUR


def test_what_rally_calls_running_ends_only_if_it_is_named():
    """A killed task says for ever that it is running."""
    told = workloads.Told(alive={"deadbeef": "it runs"})
    activity = {"deadbeef": sample.NOW}
    assert endings.find_over(activity, scope(told=told, is_wide=True)) == {}
    assert endings.find_over(activity, scope("deadbeef", told=told, is_wide=True)).keys()


def test_what_rally_cannot_be_asked_about_does_not_end():
    """Not before it can be asked."""
    told = workloads.Told(doubt="the database is away")
    assert endings.find_over({"deadbeef": sample.NOW}, scope(told=told, is_wide=True)) == {}
