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

"""The options of Rally: where it keeps what it has run."""

from oslo_config import cfg

GROUP = cfg.OptGroup("rally", title="Rally, whose leftovers are removed")

OPTS = [
    cfg.StrOpt(
        "connection",
        secret=True,
        help="""\
URL of Rally's database, as ``[database] connection`` of rally.conf has it.

It is only read, by a user that need not be able to write. With it the uuid of
a task finds the task's workloads, and where workloads are swept that nobody
has named, those of a task that finished, crashed or was aborted are over at
once, and those of any other task stay: a killed one says for ever that it is
running, and has to be named. If it cannot be read, nothing is swept that
nobody has named. Unset means that Rally is not asked.""",
    ),
]
