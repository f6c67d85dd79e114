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
"""Handlers that are tables of event types."""

import datetime
from typing import ClassVar

import msgspec
import pytest

from cleanupd import exceptions
from cleanupd.core import changes
from cleanupd.core import model
from cleanupd.services.base import notification
from tests.unit.services import answers

NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)


class Born(msgspec.Struct):
    """A thing was made."""

    id: str


class Handler(notification.TableHandler):
    """Touches each thing that was made."""

    PUBLISHER_ID = "^things"
    EVENTS: ClassVar = {
        "thing.born": notification.Event(
            Born, lambda born, scene: [changes.Touched(scene.place.ref("a.thing", born.id))]
        )
    }
    IGNORED: ClassVar = {"thing.sang": "a song changes nothing"}


class Collector:
    """Remembers what is applied."""

    def __init__(self):
        """Begin with nothing."""
        self.cluster_data_model = model.ModelRoot(roots={}, trust={})
        self.applied = []

    def apply(self, change):
        """Remember the change."""
        self.applied.append(change)


def handle(event_type, payload):
    """Return what a message changes."""
    handler = Handler(Collector(), answers.PLACE)
    handler.handle(notification.Message("things.one", event_type, payload, NOON))
    return handler.model_collector.applied


def test_what_the_table_says_is_applied():
    """The payload is parsed into the event's type, and what it changes reaches the collector."""
    assert handle("thing.born", {"id": "1", "x": 2}) == [
        changes.Touched(answers.ref("a.thing", "1"))
    ]


def test_what_is_ignored_changes_nothing():
    """An event type of the other table is no error."""
    assert handle("thing.sang", {}) == []


def test_what_nobody_thought_of_is_said():
    """An event type of neither table raises."""
    with pytest.raises(exceptions.UnknownEvent, match=r"thing\.flew"):
        handle("thing.flew", {})


def test_what_has_another_form_is_said():
    """A payload that is not what the service sends raises."""
    with pytest.raises(exceptions.MalformedAnswer, match=r"thing\.born"):
        handle("thing.born", {"id": 7})
