"""Templates and `extends`: mappings are merged key by key, all other values are replaced."""

from __future__ import annotations

from collections.abc import Container, Mapping

from flinkmock.cluster.states import scheduler_of
from flinkmock.errors import did_you_mean
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode


def merge(override: YamlNode, base: YamlNode) -> YamlNode:
    """Merge two mappings. The keys of `override` come first, so that its submission rules are tried first."""
    if not isinstance(override.value, dict) or not isinstance(base.value, dict):
        return override
    items = {key: merge(node, base.items[key]) if key in base.items else node for key, node in override.items.items()}
    items |= {key: node for key, node in base.items.items() if key not in items}
    return YamlNode(override.location, items, keys={**(base.keys or {}), **(override.keys or {})})


def resolve_job(templates: Mapping[str, Templates], configured: str | None, job: YamlNode) -> tuple[YamlNode, str]:
    """Return the job merged with its templates, and the scheduler that runs it.

    The adaptive scheduler does not run batch jobs.

    Args:
        templates: The templates by scheduler, since the built-in ones differ.
        configured: The configured scheduler of the cluster.
        job: A job, or the name of a template.
    """
    resolved = templates["default"].resolve(job)
    scheduler = scheduler_of(configured, "BATCH" if resolved.text_of("type") == "batch" else "STREAMING")
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
            node = YamlNode(node.location, {"extends": node}, keys={"extends": node.location})
        return self._resolve(node, ())

    def own_keys(self, node: YamlNode) -> frozenset[str]:
        """Return the keys of a job that the scenario contains; those in mappings as "key.sub-key"."""
        keys: set[str] = set()
        for part in (node, *(self._own[name] for name in self._own_template_names(node))):
            for key, value in part.items.items():
                keys |= {f"{key}.{inner}" for inner in value.items} if value.items else {key}
        return frozenset(keys - {"extends"})

    def is_valid(self, node: YamlNode, invalid: Container[str]) -> bool:
        """Return whether none of the job's templates is `invalid`."""
        return not any(name in invalid for name in self._own_template_names(node))

    def template_name(self, node: YamlNode) -> str | None:
        """Return the template of the scenario that the job extends; None if it is built-in, or there is none."""
        return next(iter(self._own_template_names(node)), None)

    def _own_template_names(self, node: YamlNode) -> list[str]:
        """Return the template that the job extends, the template that this one extends, and so on.

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
        own = YamlNode(
            node.location, {key: value for key, value in node.items.items() if key != "extends"}, keys=node.keys
        )
        reference = node.get("extends")
        if reference is not None:
            base = self._extended_template(reference, (*extended_by, node))
        elif any(node is built_in for built_in in self._built_in.values()):
            return own
        else:
            base = self._built_in["batch" if node.text_of("type") == "batch" else "streaming"]
        return merge(own, self._resolve(base, (*extended_by, node)))

    def _extended_template(self, reference: YamlNode, extended_by: tuple[YamlNode, ...]) -> YamlNode:
        """Return the template that is referred to.

        After a mistake it is a built-in template, so that the job is valid and reading continues.
        """
        template = self._template(reference)
        if template is None:
            return self._built_in["streaming"]
        if any(template is node for node in extended_by):
            self._diagnostics.add(reference.location, f'circular extends: "{reference.text}" extends itself.')
            return self._built_in["streaming"]
        return template

    def _template(self, reference: YamlNode) -> YamlNode | None:
        """Return the template with the name; None, and a message, if there is none."""
        name = reference.text
        template = self._all.get(name)
        # `streaming: {extends: streaming}` changes the built-in template of that name
        if name in self._built_in and template is not None and reference is template.get("extends"):
            template = self._built_in[name]
        if template is None:
            self._diagnostics.add(reference.location, f'no template "{name}".{did_you_mean(name, self._all)}')
        return template
