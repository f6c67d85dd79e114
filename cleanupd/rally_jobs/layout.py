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

"""How generated texts are laid out, so that yamllint and doc8 have nothing to say."""

import re
import textwrap
from typing import Any

import jinja2
import yaml

#: Fits the lines of messages of commits, too.
WIDTH = 72
#: PyYAML breaks a line at the first space after so many characters.
_YAML_WIDTH = 64


class _Dumper(yaml.SafeDumper):
    """Indents the items of a list below its key, and repeats what occurs twice."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - PyYAML calls it so
        """Indent, always."""
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML calls it so
        """Return True: no anchors and aliases."""
        return True


def dump(value: Any) -> str:
    """Return YAML in the order in which the value has it."""
    return yaml.dump(
        value, Dumper=_Dumper, default_flow_style=False, sort_keys=False, width=_YAML_WIDTH
    )


def environment() -> jinja2.Environment:
    """Return what renders the templates; their marks are ``[[`` and ``[%``.

    Jinja's own belong to the files that come out.
    """
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("cleanupd.rally_jobs"),
        autoescape=jinja2.select_autoescape(()),
        undefined=jinja2.StrictUndefined,
        variable_start_string="[[",
        variable_end_string="]]",
        block_start_string="[%",
        block_end_string="%]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"wrap": wrap, "bullet": bullet, "block": block}
    return made


def wrap(text: str, indent: int = 0) -> str:
    """Return text in lines of at most WIDTH characters."""
    return _fill(text, " " * indent, " " * indent)


def bullet(text: str) -> str:
    """Return text as an item of a list."""
    return _fill(text, "* ", "  ")


def block(text: str) -> str:
    """Return lines indented as a literal block has them."""
    return textwrap.indent(text.rstrip("\n"), "    ")


def tidy(text: str) -> str:
    """Return text with one empty line where there were several, and one newline at the end."""
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def _fill(text: str, first: str, rest: str) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
