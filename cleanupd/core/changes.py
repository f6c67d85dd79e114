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
"""What the bus may say of a cloud's resources.

With a complete listing, which is :class:`cleanupd.core.freshness.Listing`,
these are the only words in which the model is changed.
"""

import datetime
from typing import TypeAlias

import msgspec

from cleanupd.core import resources


class Updated(msgspec.Struct, frozen=True, gc=False):
    """The bus told how a resource is; ``sent_at`` is the sender's time (aware, UTC)."""

    record: resources.Resource
    sent_at: datetime.datetime


class Deleted(msgspec.Struct, frozen=True, gc=False):
    """The bus told that a resource is gone; ``sent_at`` is the sender's time (aware, UTC)."""

    ref: resources.Ref
    sent_at: datetime.datetime


class Touched(msgspec.Struct, frozen=True, gc=False):
    """Something happened to a resource, but not what: it has to be read.

    ``sent_at`` is the sender's time (aware, UTC), None where no message told it.
    """

    ref: resources.Ref
    sent_at: datetime.datetime | None = None


Change: TypeAlias = Updated | Deleted | Touched


class Request(msgspec.Struct, frozen=True, gc=False):
    """When something was asked of the cloud.

    ``number`` orders it among other requests and messages of its kind, ``at``
    is our own time (aware, UTC).
    """

    number: int
    at: datetime.datetime
