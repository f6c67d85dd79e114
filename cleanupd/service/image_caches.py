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

"""The image caches of this node in the daemon: bound to the options, with a job of their own."""

import datetime
from importlib import metadata
import threading
from typing import NoReturn

from cleanupd import cloud as clouds
from cleanupd import exceptions
from cleanupd.conf import settings
from cleanupd.image_cache import binding
from cleanupd.image_cache import node
from cleanupd.rpc import api
from cleanupd.service import scheduler as schedulers

NAME = "image_caches"


class ImageCaches:
    """Cleans each cache when its time has come; ends a pass early when the daemon stops."""

    def __init__(self, host: str, chosen: settings.ImageCaches) -> None:
        self.node = node.Node(host)
        self._stop = threading.Event()
        self._settings = chosen
        self.follow(chosen)

    def follow(self, chosen: settings.ImageCaches) -> None:
        """Bind the caches to what the options say, from their next pass on."""
        self._settings = chosen
        binding.bind(chosen.binding(clouds.Cloud.connect, self._stop.is_set))

    def job(self) -> schedulers.Job:
        """Return the job that looks which caches are due."""
        return schedulers.Job(
            name=NAME, schedule=self._settings.schedule, run=self.node.run_scheduled
        )

    def start(self) -> None:
        """Do nothing: the scheduler runs the job."""

    def stop(self) -> None:
        """Have a pass that is under way end before its next removal."""
        self._stop.set()

    def wait(self) -> None:
        """Do nothing: the scheduler waits for its jobs."""

    def why_stuck(self) -> str | None:
        """Return None: a pass takes as long as it takes."""
        return None


class NodeDaemon:
    """A daemon that looks after the image caches of its node and after no cloud.

    What only a daemon with a cloud can answer is refused.
    """

    def __init__(self, chosen: settings.Settings, started_at: datetime.datetime) -> None:
        self._settings = chosen
        self._started_at = started_at
        self.image_caches = ImageCaches(chosen.host, chosen.image_caches)
        self.scheduler = schedulers.BackgroundTaskScheduler([self.image_caches.job()])

    def follow(self, chosen: settings.Settings) -> None:
        """Use other settings from now on."""
        self._settings = chosen
        self.image_caches.follow(chosen.image_caches)
        self.scheduler.reschedule([self.image_caches.job()])

    def status(self) -> api.Status:
        """Return what the daemon is and does; it has no cloud."""
        is_enforcing = self._settings.image_caches.is_enforcing
        return api.Status(
            version=metadata.version("cleanupd"),
            api_version=api.VERSION,
            host=self._settings.host,
            cloud="",
            region="",
            mode="enforce" if is_enforcing else "report",
            started_at=self._started_at,
            model_taken_at=None,
            jobs=self.scheduler.states(),
            running=None,
            waiting=(),
        )

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        raise exceptions.Refused(
            "this daemon looks after image caches only: [cloud] name is not set where it runs"
        )
