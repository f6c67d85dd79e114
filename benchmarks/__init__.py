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

"""Measurements that a person can repeat: ``python -m benchmarks`` lists them.

A module here that has a function ``measure`` is a benchmark; it is run as ``python -m
benchmarks.NAME``, and :mod:`benchmarks.report` gives each the same options and the same results.
What is compared with is a peer: :mod:`benchmarks.peers` installs it, apart from everything else.
"""
