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

"""What Heat's messages change.

They tell of a stack when something begins, ends or fails, but neither its
parent nor what it made: it is read.  Stacks within stacks send messages of
their own.
"""

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from cleanupd.core import changes
from cleanupd.services.base import notification
from cleanupd.services.base import wire
from cleanupd.services.orchestration import kinds


class StackTold(msgspec.Struct):
    """The part of a message that names a stack."""

    stack_identity: wire.Id


def _tell_touched(told: StackTold, scene: notification.Scene) -> Iterator[changes.Change]:
    yield scene.touched(scene.place.ref(kinds.STACK.name, told.stack_identity))


def _tell_deleted(told: StackTold, scene: notification.Scene) -> Iterator[changes.Change]:
    yield scene.deleted(scene.place.ref(kinds.STACK.name, told.stack_identity))


_TOUCHED = notification.Event(StackTold, _tell_touched)
#: The actions of heat.engine.stack.Stack; each begins, and ends or fails.
_ACTIONS = (
    *("create", "delete", "update", "rollback", "suspend", "resume", "adopt", "snapshot"),
    *("check", "restore"),
)
_NOTHING = "of what the model keeps it changes nothing that another message does not tell"


class HeatNotificationHandler(notification.TableHandler):
    """Turns Heat's messages into changes of its collector's model."""

    PUBLISHER_ID = r"^orchestration\."
    EVENTS: ClassVar = {
        **{
            f"orchestration.stack.{action}.{phase}": _TOUCHED
            for action in _ACTIONS
            for phase in ("start", "end", "error")
        },
        "orchestration.stack.delete.end": notification.Event(StackTold, _tell_deleted),
    }
    IGNORED: ClassVar = {
        f"orchestration.autoscaling.{phase}": _NOTHING for phase in ("start", "end", "error")
    }
