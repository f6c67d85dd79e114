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

"""Options of the group ``safety``: what no sweep removes, whoever asks for it."""

from oslo_config import cfg

GROUP = cfg.OptGroup("safety", title="What no sweep removes")

OPTS = [
    cfg.ListOpt(
        "allowed_projects",
        default=[],
        help="""\
Ids or names of the only projects from which anything is removed.

A benchmark's resources in other projects, and those of no project, are kept and
reported. A project that a benchmark made counts by its own id and name, too.
Empty means all projects but those that ``blocked_projects`` and
``refused_terms`` keep. Names are those of any domain; ids are more exact.""",
    ),
    cfg.ListOpt(
        "blocked_projects",
        default=[],
        help="""\
Ids or names of projects from which nothing is removed.

A benchmark's resources in them are kept and reported. What stands here and in
``allowed_projects`` is blocked.""",
    ),
    cfg.ListOpt(
        "allowed_clouds",
        default=[],
        help="""\
The only clouds from which anything is removed.

A cloud goes by its name in clouds.yaml or by the host name of its identity
endpoint. Others are planned and reported, and nothing else. Empty means all
clouds but those that ``blocked_clouds`` and ``refused_terms`` keep.""",
    ),
    cfg.ListOpt(
        "blocked_clouds",
        default=[],
        help="""\
Clouds from which nothing is removed.

A cloud goes by its name in clouds.yaml or by the host name of its identity
endpoint. What stands here and in ``allowed_clouds`` is blocked.""",
    ),
    cfg.ListOpt(
        "refused_terms",
        default=["prod", "production"],
        help="""\
Words in names of clouds and projects that nobody means to sweep.

From a cloud whose name has such a word nothing is removed unless
``allowed_clouds`` has it. In a project whose name has one, and that no benchmark
made, resources are kept unless ``allowed_projects`` has it. Letters and digits
make a word, case does not matter: ``eu-PROD_1`` has ``prod``, ``product`` has
not.""",
    ),
    cfg.IntOpt(
        "min_age",
        default=600,
        min=60,
        help="""\
Seconds that a resource of a workload that nobody named has to be old.

It holds for ``all_over`` in the schedule and for ``--all-over``. A resource
counts from its date, and one without any from when it was first seen, as the
journal remembers: it goes only if it was seen twice, so long apart.""",
    ),
    cfg.IntOpt(
        "min_age_named",
        default=0,
        min=0,
        help="""\
Seconds that a resource of a task or workload that somebody named has to be old.

It holds for ``--everything``, too. Raise it where people name benchmarks that
still run. 0 means any age.""",
    ),
    cfg.IntOpt(
        "delay",
        default=60,
        min=3,
        help="""\
Seconds between the plan of a scheduled sweep and its first removal.

In that time nothing is removed, and the sweep can still be prevented: what the
options forbid when it has passed is not done, and neither is anything that a
stopped daemon had before it. Nothing switches it off.""",
    ),
]
