"""Read YAML of texts, lists and mappings as a tree of nodes with their lines, with bounds on its depth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import yaml


class YamlError(ValueError):
    """The text is not YAML. `line` counts from 1; it is 0 if the parser names none."""

    def __init__(self, line: int) -> None:
        super().__init__("is not YAML" + (f" (line {line})" if line else ""))
        self.line = line


def read_yaml(text: str, deepest: int) -> yaml.Node | None:
    """Return the root node of a YAML document, or None for an empty one.

    Raises YamlError, also for collections that are nested more than `deepest` levels, and for names that are
    collections.
    """
    # Takes 20 ms, and most steps read no YAML.
    import yaml
    from yaml.composer import ComposerError

    class BoundedLoader(yaml.BaseLoader):
        def fetch_more_tokens(self) -> None:
            # PyYAML takes minutes for deeply nested YAML.
            if self.flow_level + len(self.indents) > deepest:
                raise yaml.YAMLError
            super().fetch_more_tokens()

        def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
            node = super().compose_mapping_node(anchor)
            # A list as a name is YAML, but callers look names up, and a list has no hash.
            for name, _ in node.value:
                if name.id != "scalar":
                    raise ComposerError(None, None, "a name is not a text", name.start_mark)
            return node

    try:
        # BaseLoader makes no objects and guesses no types: `1.10` and `no` stay texts.
        return yaml.compose(text, BoundedLoader)
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        # PyYAML passes on the errors of int() and chr(), as for "\UFFFFFFFF" and a long %YAML version.
        mark = getattr(error, "problem_mark", None)
        raise YamlError(mark.line + 1 if mark else 0) from None
