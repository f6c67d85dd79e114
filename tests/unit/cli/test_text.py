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

"""Text for people."""

import datetime

import pytest

from cleanupd import exceptions
from cleanupd.cli import text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("s_rally_5a3b1c22_AbCdEfGh", "s_rally_5a3b1c22_AbCdEfGh"),
        ("магазин 店 ünïcode", "магазин 店 ünïcode"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\nb\tc\x00", r"a\nb\tc\x00"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u2028\x85\x9b", r"\u2028\x85\x9b"),
        ("\ud800", r"\ud800"),
        ("", ""),
    ],
)
def test_what_a_terminal_would_act_on_is_escaped(raw, shown):
    """Letters of all scripts stay, everything else is shown by its number."""
    assert text.printable(raw) == shown


def test_line_ends_may_be_kept():
    """A text of several lines of our own keeps them."""
    assert text.printable("a\nb\x1b", keep="\n") == "a\nb\\x1b"


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86400), ("1h30m", 5400), ("0s", 0)],
)
def test_a_length_of_time(given, seconds):
    """Seconds, minutes, hours and days can be given, alone or together."""
    assert text.parse_duration(given) == seconds


@pytest.mark.parametrize("given", ["", "10", "m", "10 m", "-1h", "1.5h", "1w", "10m!", "\u0661m"])
def test_no_length_of_time(given):
    """A number without a unit, and anything else, is refused with an example."""
    with pytest.raises(exceptions.UsageError, match="10m"):
        text.parse_duration(given)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0s"),
        (-3, "0s"),
        (59, "59s"),
        (60, "1m"),
        (61, "1m 1s"),
        (3600, "1h"),
        (7505, "2h 5m"),
        (86400, "1d"),
        (90061, "1d 1h"),
        (864000, "10d"),
    ],
)
def test_a_length_of_time_is_told_in_two_units(seconds, shown):
    """The largest unit and the next are enough for people."""
    assert text.describe_duration(datetime.timedelta(seconds=seconds)) == shown


def test_counts_agree_with_their_nouns():
    """One is singular, all else plural."""
    assert [text.count(n, "leak") for n in (0, 1, 2)] == ["0 leaks", "1 leak", "2 leaks"]


def test_a_moment_that_is_not_known_has_no_text():
    """Only a moment can be told."""
    assert text.describe_time(None) is None
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    assert text.describe_time(moment) == "2026-01-02 03:04:05"


def test_a_length_of_time_beyond_reason_is_refused():
    """A slip of the finger is told, and does not end in a traceback."""
    with pytest.raises(exceptions.UsageError, match="longer than 36500 days"):
        text.parse_duration("99999999999999999999d")
