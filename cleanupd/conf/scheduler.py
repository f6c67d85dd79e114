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

"""The options of all jobs of the daemon."""

from oslo_config import cfg

GROUP = cfg.OptGroup("scheduler", title="The jobs of the daemon")

OPTS = [
    cfg.IntOpt(
        "workers",
        default=8,
        min=2,
        max=64,
        help="""\
How many jobs may run at the same time.

There is one job for each service that is listed into the model, one for
scheduled sweeps and one for image caches; none of them ever runs twice at
once. A job that finds no worker waits.""",
    ),
    cfg.IntOpt(
        "jitter",
        default=60,
        min=0,
        help="""\
Seconds by which a run may begin later than its interval says, at most.

The moment is random, so that several daemons do not ask the cloud at once; a
tenth of the interval is never exceeded. 0 means exactly on time.""",
    ),
    cfg.IntOpt(
        "misfire_grace",
        default=300,
        min=1,
        help="""\
How late a run may begin, in seconds, before it is left out.

A daemon that was suspended, or had no worker, makes up for its missed runs by
a single one, unless it would be later than this.""",
    ),
    cfg.IntOpt(
        "retry",
        default=30,
        min=1,
        help="""\
Seconds after which a listing that failed is tried again.

The wait doubles with each failure, up to the period of the service. Until one
succeeds the model keeps what it had, marked as not to be believed.""",
    ),
]
