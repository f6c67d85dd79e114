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

"""The options of listings of the cloud."""

from oslo_config import cfg

GROUP = cfg.OptGroup("sync", title="Listing the cloud")

OPTS = [
    cfg.IntOpt(
        "workers",
        default=8,
        min=1,
        max=64,
        help="""\
How many kinds are listed at the same time before and after a sweep.

Fewer are kinder to a small control plane, more end earlier on a large one.
How often the model is made anew is the option ``period`` of each service.""",
    ),
]
