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
"""How Sphinx builds the documentation."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "ext"))

extensions = ["cliff.sphinxext", "kinds_pages", "openstackdocstheme", "oslo_config.sphinxext"]
project = "cleanupd"
copyright = "the developers of cleanupd"
html_theme = "openstackdocs"
# There is one version so far: the one in the checkout.
openstackdocs_auto_name = False
openstackdocs_auto_version = False
nitpicky = True
# Two dashes are the beginning of an option, not a dash.
smartquotes = False
