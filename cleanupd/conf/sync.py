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

"""The options of the job that lists the cloud into the model."""

from oslo_config import cfg

GROUP = cfg.OptGroup("sync", title="Listing the cloud into the model")

OPTS = [
    cfg.IntOpt(
        "interval",
        default=3600,
        min=0,
        help="""\
Seconds between two listings of the whole cloud.

They feed the model, from which leaks and workloads are shown; a sweep lists
the cloud by itself. 0 means that the cloud is listed when the daemon starts
and before each sweep only. Shorter intervals show leaks earlier, and cost the
services about one request for each thousand resources of a kind.""",
    ),
    cfg.IntOpt(
        "jitter",
        default=60,
        min=0,
        help="""\
Seconds by which a listing may begin later than its interval says, at most.

The moment is random, so that several daemons do not ask at once. 0 means
exactly on time.""",
    ),
    cfg.IntOpt(
        "workers",
        default=8,
        min=1,
        max=64,
        help="""\
How many kinds are listed at the same time.

Fewer are kinder to a small control plane, more end earlier on a large one.""",
    ),
]
