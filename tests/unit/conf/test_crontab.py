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

"""When crontab expressions say that something is to be done."""

import datetime

import pytest

from cleanupd.conf import crontab

#: A Thursday.
NOW = datetime.datetime(2026, 1, 1, 12, 0, tzinfo=datetime.UTC)


def following(expression, count=1):
    """Return the next times of an expression, with the names of their days."""
    trigger, moment, found = crontab.make_trigger(expression), NOW, []
    for _ in range(count):
        moment = trigger.get_next_fire_time(None, moment)
        found.append(f"{moment:%a %d %b %H:%M}")
        moment += datetime.timedelta(minutes=1)
    return found


def test_times_are_in_utc():
    """Whatever the zone of the machine is."""
    assert crontab.make_trigger("30 2 * * *").get_next_fire_time(None, NOW) == datetime.datetime(
        2026, 1, 2, 2, 30, tzinfo=datetime.UTC
    )


@pytest.mark.parametrize(
    ("days", "told"),
    [
        ("0", ["Sun"]),
        ("7", ["Sun"]),
        ("sun", ["Sun"]),
        ("1-5", ["Fri", "Mon", "Tue", "Wed", "Thu"]),
        ("MON-fri", ["Fri", "Mon", "Tue", "Wed", "Thu"]),
        ("5-7", ["Fri", "Sat", "Sun"]),
        ("1,6", ["Sat", "Mon"]),
        ("*/3", ["Sat", "Sun", "Wed"]),
        ("2/2", ["Sat", "Tue", "Thu"]),
    ],
)
def test_days_of_the_week_are_those_of_crontab(days, told):
    """They begin with Sunday, which is 0 and 7."""
    found = [one.partition(" ")[0] for one in following(f"0 3 * * {days}", len(told))]
    assert found == told


@pytest.mark.parametrize("days", ["8", "x", "2-1", "1-", "*/0", "-", ""])
def test_what_is_no_day_is_refused(days):
    """Rather than taken for some other day."""
    with pytest.raises(ValueError, match=r"day|fields"):
        crontab.make_trigger(f"0 3 * * {days}")
