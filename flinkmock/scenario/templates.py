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
        for part in (node, *self.own_templates(node).values()):
            for key, value in part.items.items():
                keys |= {f"{key}.{inner}" for inner in value.items} if value.items else {key}
        return frozenset(keys - {"extends"})

    def are_valid_for(self, node: YamlNode, invalid_templates: Container[str]) -> bool:
        """Return whether a job extends none of the invalid templates, which are given by name."""
        return not any(name in invalid_templates for name in self.own_templates(node))

    def scenario_template_name(self, node: YamlNode) -> str | None:
        """Return the name of the template that a job extends; None if the template is built-in, or there is none."""
        reference = _reference_of(node)
        return reference.text if reference is not None and reference.text in self._own else None

    def own_templates(self, node: YamlNode) -> dict[str, YamlNode]:
        """Return the scenario's templates that a job extends, directly or through other templates, by name.

        Built-in templates can extend templates of the scenario: with a scenario's template `streaming`, the built-in
        `failing` extends it.
        """
        extended: list[YamlNode] = []
        own: dict[str, YamlNode] = {}
        reference = _reference_of(node)
        while reference is not None:
            template = self._find_template(reference)
            if template is None or any(template is other for other in extended):
                break
            extended.append(template)
            if template is self._own.get(reference.text):
                own[reference.text] = template
            reference = template.get("extends")
        return own

    def _resolve(self, node: YamlNode, extended_by: tuple[YamlNode, ...]) -> YamlNode:
        """Merge a job or template with its templates; `extended_by` contains the nodes that extend it."""
        items = {key: value for key, value in node.items.items() if key != "extends"}
        without_extends = YamlNode(node.location, items, key_locations=node.key_locations)
        reference = node.get("extends")
        if reference is not None:
            base = self._extended_template(reference, (*extended_by, node))
        elif self._is_built_in(node):
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
            self._report_circular(reference, extended_by)
            return self._built_in["streaming"]
        return template

    def _report_circular(self, reference: YamlNode, extended_by: tuple[YamlNode, ...]) -> None:
        """Report that the template in `reference` is one of `extended_by`, at an `extends` of the scenario."""
        location, through = reference.location, ""
        own_reference = next(node for node in reversed(extended_by) if not self._is_built_in(node)).get("extends")
        if self._is_built_in(extended_by[-1]) and own_reference is not None:
            location, through = own_reference.location, f', through the built-in "{own_reference.text}"'
        self._diagnostics.add(location, f'circular extends: "{reference.text}" extends itself{through}.')

    def _template(self, reference: YamlNode) -> YamlNode | None:
        """Return the template with the name in `extends`. If there is none, add a message and return None."""
        template = self._find_template(reference)
        if template is None:
            message = f'no template "{reference.text}".{did_you_mean(reference.text, self._all)}'
            self._diagnostics.add(reference.location, message)
        return template

    def _find_template(self, reference: YamlNode) -> YamlNode | None:
        """Return the template with the name in `extends`; None if there is none."""
        name = reference.text
        template = self._all.get(name)
        # `streaming: {extends: streaming}` changes the built-in template of that name
        if name in self._built_in and template is not None and reference is template.get("extends"):
            return self._built_in[name]
        return template

    def _is_built_in(self, node: YamlNode) -> bool:
        return any(node is built_in for built_in in self._built_in.values())


def _reference_of(node: YamlNode) -> YamlNode | None:
    """Return the name of the template that a job extends; None if there is none. A job can be only this name."""
    return node if isinstance(node.value, str) else node.get("extends")
