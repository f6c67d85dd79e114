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

"""Which daemons there are."""

import datetime

import msgspec
import pytest

from cleanupd.engine import clock
from cleanupd.journal import register
from cleanupd.journal import sql
from cleanupd.service import presence
from tests.unit.service import stage

PLACE = ("c", "r")
NOW = stage.now().replace(microsecond=0)


class Leading:
    """What a daemon knows of its leadership."""

    fence = None


@pytest.fixture
def journal(tmp_path):
    """Give a journal."""
    return sql.Journal(stage.places.in_directory(tmp_path / "state"))


@pytest.fixture
def standby(journal):
    """Give the presence of a daemon that stands by."""
    return presence.Presence(journal, PLACE, "b", NOW, Leading())


def sign(journal, host, *, ago=datetime.timedelta(), epoch=None):
    """Have another daemon say that it is there."""
    seen_at = clock.now() - ago
    entry = register.Entry(host=host, version="1", started_at=NOW, seen_at=seen_at, epoch=epoch)
    journal.register(*PLACE).sign(entry)


def test_a_standby_tells_who_leads(journal, standby):
    """With the epoch, and since when."""
    fence = journal.claim(*PLACE, NOW)
    sign(journal, "a", epoch=fence.epoch)
    leader, own = standby.daemons()
    assert (leader.host, leader.is_leading, leader.epoch) == ("a", True, 1)
    assert leader.leading_since == NOW
    assert (own.host, own.is_leading, own.is_answering) == ("b", False, True)


def test_who_has_lost_the_lead_without_knowing_it_does_not_lead(journal, standby):
    """What it wrote when it was there last is of an epoch that has ended."""
    sign(journal, "a", epoch=journal.claim(*PLACE, NOW).epoch)
    standby._leading.fence = journal.claim(*PLACE, NOW)  # noqa: SLF001
    assert [(one.host, one.is_leading) for one in standby.daemons()] == [
        ("a", False),
        ("b", True),
    ]


def test_who_is_silent_neither_answers_nor_leads(journal, standby):
    """Though nobody else leads yet."""
    fence = journal.claim(*PLACE, NOW)
    sign(journal, "a", ago=presence.SILENT_AFTER, epoch=fence.epoch)
    silent, _ = standby.daemons()
    assert (silent.is_answering, silent.is_leading, silent.leading_since) == (False, False, None)


def test_who_was_not_there_for_a_week_is_not_told(journal, standby):
    """Though no other one has taken its place."""
    standby.sign()
    sign(journal, "a", ago=register.FORGOTTEN_AFTER)
    assert [one.host for one in standby.daemons()] == ["b"]


def test_a_daemon_signs_as_it_is(journal, standby):
    """With its version, the time and its epoch."""
    assert standby.sign() == ""
    standby._leading.fence = journal.claim(*PLACE, NOW)  # noqa: SLF001
    assert standby.sign() == ""
    [entry] = journal.register(*PLACE).entries()
    assert msgspec.structs.replace(entry, version="") == register.Entry(
        host="b", version="", started_at=NOW, seen_at=entry.seen_at, epoch=1
    )
