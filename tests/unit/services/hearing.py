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
"""A real collector that hears messages, and what it makes of them."""

from collections.abc import Iterator
import datetime
import json

import msgspec

from cleanupd.core import changes
from cleanupd.services.base import notification
from cleanupd.services.base import registry
from tests.unit.services import answers

NOON = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
MANAGERS, _ = registry.load_managers()


class Hearing:
    """A collector of the class ``plugin`` whose cloud has nothing, and what was changed."""

    def __init__(self, plugin):
        """Begin with an empty model that was never listed."""
        kinds = {k: one for k, one in MANAGERS.items() if one.KIND.service == plugin.SERVICE}
        self.now = NOON
        self.cloud = answers.refusing(404)
        self.cloud.visibility = lambda: None
        self.collector = plugin(self.cloud, kinds, lambda: self.now)
        self.manager = notification.NotificationHandlerManager(
            [self.collector.notification_handler]
        )
        self.changes = []
        apply = self.collector.apply

        def remember(change):
            self.changes.append(change)
            apply(change)

        self.collector.apply = remember

    def know(self, *records):
        """Have these in the model, as if they had been read an hour ago."""
        for record in records:
            before = NOON - datetime.timedelta(hours=1)
            self.collector.apply(changes.Updated(record, before))
        self.changes.clear()

    def hear(self, publisher_id, event_type, payload, seconds=0):
        """Dispatch a message and return what it changed, words and refs; it asks nothing."""
        self.changes.clear()
        asked = len(self.cloud.requests)
        sent_at = NOON + datetime.timedelta(seconds=seconds)
        self.manager.dispatch(notification.Message(publisher_id, event_type, payload, sent_at))
        assert len(self.cloud.requests) == asked
        return [_spell(change) for change in self.changes]

    def get(self, kind, id_):
        """Return a record of the model."""
        return self.collector.cluster_data_model.get(answers.ref(kind, id_))


def _spell(change):
    word = type(change).__name__.lower()
    ref = change.record.ref if isinstance(change, changes.Updated) else change.ref
    return (word, ref.kind.partition(".")[2], ref.id)


def decode(item, shape):
    """Return what the API's answer ``item`` is as a ``shape``."""
    return msgspec.json.decode(json.dumps(item), type=shape)


def samples(service: str) -> Iterator[dict]:
    """Yield the messages that were captured of a service."""
    path = answers.SAMPLES / "notifications" / service / "messages.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def event_types(service: str) -> set[str]:
    """Return all that the service's code can send."""
    path = answers.SAMPLES / "notifications" / service / "event_types.json"
    return set(json.loads(path.read_text(encoding="utf-8")))
