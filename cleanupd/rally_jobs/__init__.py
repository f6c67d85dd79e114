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

"""The folders of Rally jobs that OpenStack projects keep: which there should be, which are wrong.

What is known of Rally stands in the data file beside this package's modules,
which ``python -m cleanupd.rally_jobs.refresh`` makes anew from an installed
Rally.  Nothing of a repository that is looked at is ever executed here.
"""
