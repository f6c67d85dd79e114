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

"""What the groups of schedules make."""

import pytest

from cleanupd import exceptions
from cleanupd.conf import changes
from cleanupd.conf import loading
from cleanupd.conf import settings
from cleanupd.core import patterns

TASK = "5a3b1c22-8f0e-4d5b-9c43-1f4d2f7a6b10"


@pytest.fixture
def load(tmp_path):
    """Give a function that reads options from the text of a file."""

    def read(text):
        file = tmp_path / "cleanupd.conf"
        file.write_text(text)
        return loading.load([], files=[str(file)])

    return read


@pytest.fixture
def nightly(load):
    """Give a function that makes the schedule nightly, of lines of its group and of [sweep]."""

    def make(lines, sweep=""):
        conf = load(f"[sweep]\nschedules = nightly\n{sweep}\n[schedule_nightly]\n{lines}\n")
        return settings.make_settings(conf).rules.schedules["nightly"]

    return make


def test_a_schedule_is_careful_by_default(nightly):
    """It reports, sweeps nothing that it is not told to, and takes what the budget gives."""
    made = nightly("cron = 30 2 * * *")
    assert not made.is_enforcing
    assert made.target is None
    assert made.per_sweep is None
    assert made.is_at_end


def test_a_schedule_has_times_scope_mode_and_limits(nightly):
    """Each option reaches its value."""
    made = nightly(
        f"cron = 30 2 * * 1-5\nmode = enforce\ntasks = {TASK}\nworkloads = {TASK.upper()}\n"
        "all_over = true\nidle = 7200\nscopes = context\nkinds = compute.server,network\n"
        "formats = s_rally_XXXXXXXX_XXXXXXXX\nper_sweep = 7\nat_end = false"
    )
    target = made.target
    assert (made.when.cron, made.when.interval_s) == ("30 2 * * 1-5", 0)
    assert (target.tasks, target.workloads, target.idle_s) == ((TASK,), (TASK,), 7200)
    assert target.scopes == (patterns.Scope.CONTEXT,)
    assert target.kinds == ("compute.server", "network")
    assert target.formats == ("s_rally_XXXXXXXX_XXXXXXXX",)
    assert (made.is_enforcing, made.per_sweep, made.is_at_end) == (True, 7, False)


def test_an_interval_has_a_jitter_and_a_time_of_day_has_none(nightly):
    """Who names a minute means that minute."""
    assert nightly("interval = 3600").when.jitter_s == 60
    assert nightly("cron = 0 3 * * *").when.jitter_s == 0


def test_no_schedule_calls_over_what_sweeps_may_not(nightly):
    """The longer idle time counts."""
    sweep = "idle = 900"
    assert nightly("interval = 60\nall_over = true\nidle = 60", sweep).target.idle_s == 900
    assert nightly("interval = 60\nall_over = true", sweep).target.idle_s == 900


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("", r"\[schedule_nightly\] says when by cron or by interval: give one"),
        ("cron = 0 3 * * *\ninterval = 60", "give one of them, not both"),
        ("cron = 0 25 * * *", r"\[schedule_nightly\] cron: '0 25 \* \* \*' is no crontab"),
        ("cron = 0 3 * *", "it has 4 fields, and there are five"),
        ("cron = 0 3 31 2 *", "there is no such time"),
        ("cron = 0 3 * * 8", "'8' is no day of the week"),
        ("cron = 0 3 * * fri-mon", "'fri-mon' has no days"),
        ("cron = 0 3 * * mon?", r"'mon\?' is no day of the week"),
        ("cron = @daily", "it has 1 fields"),
        ("interval = 60\ntasks = cleanup", r"\[schedule_nightly\] tasks: 'cleanup'"),
        ("interval = 60\nall_over = 1\nkinds = compute.servers", r"\[schedule_nightly\] kinds: "),
        ("interval = 60\nall_over = 1\nformats = mine", r"\[schedule_nightly\] formats: 'mine'"),
        ("interval = 60\nall_over = 1\nscopes = all", "scopes"),
        ("interval = 60\nmode = remove", "mode"),
    ],
)
def test_what_makes_no_schedule_is_refused(nightly, lines, told):
    """In a sentence that names the group and the option."""
    with pytest.raises(exceptions.InvalidOptions, match=told):
        nightly(lines)


@pytest.mark.parametrize("name", ["a b", "x/y", "Nightly", "", "sweep", "n" * 61])
def test_what_is_no_name_of_a_schedule_is_refused(load, name):
    """Names are those of groups, and [sweep] has one itself."""
    with pytest.raises(exceptions.InvalidOptions, match=r"\[sweep\] schedules: "):
        load(f'[sweep]\nschedules = nightly,"{name}"\n')


def test_schedules_are_followed_without_a_restart(load):
    """One that comes, one that changes, and one that goes."""
    before = load("[sweep]\nschedules = a,b\n[schedule_a]\ncron = 0 1 * * *\n")
    now = load(
        "[sweep]\nschedules = a,c\n[schedule_a]\ncron = 0 2 * * *\n[schedule_c]\ninterval = 60\n"
    )
    found = changes.find_changes(before, now)
    assert found.restart == ()
    told = {"[schedule_a] cron", "[schedule_c] interval", "[sweep] schedules"}
    assert told <= set(found.live)
