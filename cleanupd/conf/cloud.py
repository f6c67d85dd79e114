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

"""The options that say which cloud is kept clean."""

from oslo_config import cfg

GROUP = cfg.OptGroup("cloud", title="The cloud that is kept clean")

OPTS = [
    cfg.StrOpt(
        "name",
        help="""\
Name of the cloud in clouds.yaml.

The daemon looks after this one cloud and does not start without a name. Its
user must see all projects, and remove what is in them: usually the role admin.""",
    ),
    cfg.StrOpt(
        "region",
        help="""\
Region of the cloud that is looked at.

Unset means the region that clouds.yaml tells, or the only one there is. A
project or a user is not removed as long as the cloud has regions that nothing
looks at.""",
    ),
    cfg.FloatOpt(
        "requests_per_second",
        default=100.0,
        min=0.1,
        max=10000,
        help="""\
How many requests a second each service gets at most.

It holds on average, for all that the daemon does together. A service that
answers 429 or 503 gets half as many requests at the same time, and more again
as long as it answers.""",
    ),
    cfg.StrOpt(
        "enter_as",
        help="""\
Role that cleanupd gives its own user in a benchmark's project to look into it.

Barbican lists secrets to users of their project alone, Heat and Swift do so by
default. With the name of a role that may list and delete there, such as member,
the user gets it in projects that Rally made, and in no others, for as long as
cleanupd looks or removes, and loses it again; what stayed after a crash is
taken back with the next look. Unset means never: then such a project is kept,
with the reason, unless the user has a role in it already.""",
    ),
    cfg.StrOpt(
        "clouds_file",
        help="""\
Path of clouds.yaml.

Unset means the places of openstacksdk: the file that the environment variable
OS_CLIENT_CONFIG_FILE names, clouds.yaml in the working directory, in
~/.config/openstack and in /etc/openstack.""",
    ),
]
