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

"""When a crontab expression says that something is to be done, in UTC."""

from collections.abc import Iterator
import datetime
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apscheduler.triggers import cron  # type: ignore[import-untyped]

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_ITEM = re.compile(r"(?P<first>\*|\w+)(-(?P<last>\w+))?(/(?P<step>\d+))?")
#: From here on a time is looked for that there has to be: 2000 was a leap year.
_ONCE = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


def make_trigger(expression: str) -> "cron.CronTrigger":
    """Return the trigger of an expression; raises ValueError where it is none.

    Days of the week are those of crontab, 0 and 7 are Sunday: APScheduler's
    begin with Monday.
    """
    # Whoever has no such expression need not wait for this to be imported.
    from apscheduler.triggers import cron  # noqa: PLC0415

    fields = expression.split()
    if len(fields) != 5:  # noqa: PLR2004 - minute, hour, day, month, day of the week
        raise ValueError(f"it has {len(fields)} fields, and there are five")
    fields[4] = _with_names(fields[4])
    made = cron.CronTrigger.from_crontab(" ".join(fields), timezone=datetime.UTC)
    if made.get_next_fire_time(None, _ONCE) is None:
        raise ValueError("there is no such time")
    return made


def _with_names(days: str) -> str:
    """Return a field of days of the week as the names of all its days."""
    if days == "*":
        return days
    found = {number for item in days.split(",") for number in _numbers(item)}
    return ",".join(name for number, name in enumerate(_DAYS) if number in found)


def _numbers(item: str) -> Iterator[int]:
    parts = _ITEM.fullmatch(item)
    if parts is None:
        raise ValueError(f"{item!r} is no day of the week")
    first, last, step = parts["first"], parts["last"], int(parts["step"] or 1)
    low = 0 if first == "*" else _number(first)
    is_open = first == "*" or parts["step"]
    high = _number(last) if last else 6 if is_open else low
    if not low <= high or not step:
        raise ValueError(f"{item!r} has no days")
    return (number % 7 for number in range(low, high + 1, step))


def _number(text: str) -> int:
    if text.lower() in _DAYS:
        return _DAYS.index(text.lower())
    if not text.isdecimal() or int(text) > 7:  # noqa: PLR2004 - both ends are Sunday
        raise ValueError(f"{text!r} is no day of the week: they are 0 to 7, or sun to sat")
    return int(text)
