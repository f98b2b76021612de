"""Templates and `extends`: mappings are merged key by key, all other values are replaced."""

from __future__ import annotations

from collections.abc import Container, Mapping

from flinkmock.cluster.states import scheduler_of
from flinkmock.errors import did_you_mean
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode


def merge(override: YamlNode, base: YamlNode) -> YamlNode:
    """Merge two mappings; if one of the nodes is not a mapping, return `override`.

    The keys of `override` come first, so that its submission rules are tried first.
    """
    if not isinstance(override.value, dict) or not isinstance(base.value, dict):
        return override
    items = {key: merge(node, base.items[key]) if key in base.items else node for key, node in override.items.items()}
    items |= {key: node for key, node in base.items.items() if key not in items}
    key_locations = {**(base.key_locations or {}), **(override.key_locations or {})}
    return YamlNode(override.location, items, key_locations=key_locations)


def resolve_job(
    templates: Mapping[str, Templates], configured_scheduler: str | None, job: YamlNode
) -> tuple[YamlNode, str]:
    """Return the job merged with its templates, and the scheduler that runs it.

    The adaptive scheduler does not run batch jobs.

    Args:
        templates: The templates by scheduler, since the built-in ones differ.
        configured_scheduler: The scheduler that the configuration of the cluster sets.
        job: A job, or the name of a template.
    """
    resolved = templates["default"].resolve(job)
    scheduler = scheduler_of(configured_scheduler, "BATCH" if resolved.text_of("type") == "batch" else "STREAMING")
    return (resolved if scheduler == "default" else templates[scheduler].resolve(job)), scheduler


class Templates:
    """The templates of a scenario, on top of the built-in ones."""

    def __init__(self, own: dict[str, YamlNode], built_in: dict[str, YamlNode], diagnostics: Diagnostics) -> None:
        self._own = own
        self._built_in = built_in
        self._diagnostics = diagnostics
        self._all = {**built_in, **own}

    def resolve(self, node: YamlNode) -> YamlNode:
        """Return the job merged with all its templates, without the key `extends`."""
        if isinstance(node.value, str):
            node = YamlNode(node.location, {"extends": node}, key_locations={"extends": node.location})
        return self._resolve(node, ())

    def own_keys(self, node: YamlNode) -> frozenset[str]:
        """Return the keys that the scenario, not a built-in template, sets for a job.

        If the value of a key is a mapping, "key.sub-key" is returned for each of its keys.
        """
        keys: set[str] = set()
        for part in (node, *(self._own[name] for name in self._own_template_names(node))):
            for key, value in part.items.items():
                keys |= {f"{key}.{inner}" for inner in value.items} if value.items else {key}
        return frozenset(keys - {"extends"})

    def are_valid_for(self, node: YamlNode, invalid_templates: Container[str]) -> bool:
        """Return whether a job extends none of the invalid templates, which are given by name."""
        return not any(name in invalid_templates for name in self._own_template_names(node))

    def scenario_template_name(self, node: YamlNode) -> str | None:
        """Return the name of the template that a job extends; None if the template is built-in, or there is none."""
        return next(iter(self._own_template_names(node)), None)

    def _own_template_names(self, node: YamlNode) -> list[str]:
        """Return the name of the template that the job extends, of the template that this template extends, and so on.

        The list ends before the first built-in template. It has each name once, even if `extends` is circular.
        """
        names: list[str] = []
        reference = node if isinstance(node.value, str) else node.get("extends")
        while reference is not None and reference.text in self._own and reference.text not in names:
            names.append(reference.text)
            reference = self._own[reference.text].get("extends")
        return names

    def _resolve(self, node: YamlNode, extended_by: tuple[YamlNode, ...]) -> YamlNode:
        """Merge a job or template with its templates; `extended_by` contains the nodes that extend it."""
        items = {key: value for key, value in node.items.items() if key != "extends"}
        without_extends = YamlNode(node.location, items, key_locations=node.key_locations)
        reference = node.get("extends")
        if reference is not None:
            base = self._extended_template(reference, (*extended_by, node))
        elif any(node is built_in for built_in in self._built_in.values()):
            return without_extends
        else:
            base = self._built_in["batch" if node.text_of("type") == "batch" else "streaming"]
        return merge(without_extends, self._resolve(base, (*extended_by, node)))

    def _extended_template(self, reference: YamlNode, extended_by: tuple[YamlNode, ...]) -> YamlNode:
        """Return the template with the name in `extends`.

        After a mistake, return a built-in template, so that the job is valid and reading continues.
        """
        template = self._template(reference)
        if template is None:
            return self._built_in["streaming"]
        if any(template is node for node in extended_by):
            self._diagnostics.add(reference.location, f'circular extends: "{reference.text}" extends itself.')
            return self._built_in["streaming"]
        return template

    def _template(self, reference: YamlNode) -> YamlNode | None:
        """Return the template with the name in `extends`. If there is none, add a message and return None."""
        name = reference.text
        template = self._all.get(name)
        # `streaming: {extends: streaming}` changes the built-in template of that name
        if name in self._built_in and template is not None and reference is template.get("extends"):
            template = self._built_in[name]
        if template is None:
            self._diagnostics.add(reference.location, f'no template "{name}".{did_you_mean(name, self._all)}')
        return template
