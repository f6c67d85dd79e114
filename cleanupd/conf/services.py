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

"""The options that say what is known of the cloud's services."""

from oslo_config import cfg

GROUP = cfg.OptGroup("services", title="The services of the cloud")

OPTS = [
    cfg.ListOpt(
        "without_resources",
        default=["placement"],
        help="""\
Official types of the services that hold nothing of a project's.

Projects and users are removed only if every service in the catalogue is
looked at or is named here, since what they might own in another is unknown.
Empty means that no service is known to hold nothing. Add a type only if its
service keeps nothing by project or user.""",
    ),
]
