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

"""The options that say which names are a benchmark's."""

from oslo_config import cfg

GROUP = cfg.OptGroup("names", title="Names that are a benchmark's")

OPTS = [
    cfg.MultiStrOpt(
        "format",
        default=[],
        help="""\
A further format of names that are a benchmark's.

Give the option as often as there are formats. The first group of three or
more X stands for the beginning of a workload's uuid, the second for random
characters: ``mine_XXXXXXXX_XXXXXXXX``. A format may be followed by
``alphabet=`` and the characters that the groups are made of; without it these
are Rally's, the letters and digits of ASCII. Only the name of a resource
makes it a benchmark's: choose formats that nobody else would use. The formats
of Rally itself are always known. The daemon does not start with a format that
cannot be used.""",
    ),
]
