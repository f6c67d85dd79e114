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
"""Whether the services' workers live, by what they last reported to their API.

An API calls a worker "up" for a minute or two after its last report, even when it was killed
and started again meanwhile and cannot hear anybody yet. So a report only counts when it is younger
than the process.
"""

import collections.abc
import datetime
import os
import pathlib
import typing


def started_at(process: str) -> datetime.datetime:
    """When the sandbox started the process, to the second below."""
    record = pathlib.Path(os.environ["SANDBOX_HOME"], "run", f"{process}.json")
    seconds = int(record.stat().st_mtime)
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def is_alive(worker: typing.Any, process: str) -> bool:
    """Whether the worker (a record of nova's or cinder's API) has reported since it started."""
    if worker.state != "up" or not worker.updated_at:
        return False
    reported = datetime.datetime.fromisoformat(worker.updated_at)
    return reported.replace(tzinfo=datetime.UTC) >= started_at(process)


def are_alive(
    workers: collections.abc.Iterable[typing.Any], processes: collections.abc.Set[str]
) -> bool:
    """Whether every process, named BINARY or BINARY-HOST, is among the living workers."""
    alive = set()
    for worker in workers:
        for process in (worker.binary, f"{worker.binary}-{worker.host}"):
            if process in processes and is_alive(worker, process):
                alive.add(process)
    return alive == processes
