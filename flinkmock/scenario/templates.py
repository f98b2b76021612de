"""Templates and `extends`: mappings are merged key by key, all other values are replaced."""

from __future__ import annotations

from collections.abc import Container, Mapping

from flinkmock.cluster.states import scheduler_of
from flinkmock.errors import did_you_mean
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode


def merge(over: YamlNode, base: YamlNode) -> YamlNode:
    """Merge two mappings. The keys of `over` come first, so that its submission rules are tried first."""
    if not isinstance(over.value, dict) or not isinstance(base.value, dict):
        return over
    items = {key: merge(node, base.items[key]) if key in base.items else node for key, node in over.items.items()}
    remaining = {key: node for key, node in base.items.items() if key not in items}
    return YamlNode(over.location, {**items, **remaining}, keys={**(base.keys or {}), **(over.keys or {})})


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
        visited: set[str] = set()
        name = node if isinstance(node.value, str) else node.get("extends")
        while True:
            for key, value in node.items.items():
                keys |= {f"{key}.{inner}" for inner in value.items} if value.items else {key}
            if name is None or name.text not in self._own or name.text in visited:
                return frozenset(keys - {"extends"})
            visited.add(name.text)
            node = self._own[name.text]
            name = node.get("extends")

    def is_valid(self, node: YamlNode, invalid: Container[str]) -> bool:
        """Return whether none of the job's templates is `invalid`."""
        visited: set[str] = set()
        name = node if isinstance(node.value, str) else node.get("extends")
        while name is not None and name.text in self._own and name.text not in visited:
            if name.text in invalid:
                return False
            visited.add(name.text)
            name = self._own[name.text].get("extends")
        return True

    def template_name(self, node: YamlNode) -> str | None:
        """Return the template of the scenario that the job extends; None if it is built-in, or there is none."""
        name = node.get("extends") if node.items else node
        return name.text if name is not None and name.text in self._own else None

    def _resolve(self, node: YamlNode, extended_by: tuple[YamlNode, ...]) -> YamlNode:
        own = YamlNode(
            node.location, {key: value for key, value in node.items.items() if key != "extends"}, keys=node.keys
        )
        name = node.get("extends")
        if name is not None:
            base = self._template(name)
        elif any(node is root for root in self._built_in.values()):
            return own
        else:
            base = self._built_in["batch" if node.text_of("type") == "batch" else "streaming"]
        if base is None:
            base = self._built_in["streaming"]  # a valid job, so that reading continues after the mistake is reported
        if name is not None and any(base is other for other in (*extended_by, node)):
            self._diagnostics.add(name.location, f'circular extends: "{name.text}" extends itself.')
            base = self._built_in["streaming"]
        return merge(own, self._resolve(base, (*extended_by, node)))

    def _template(self, reference: YamlNode) -> YamlNode | None:
        name = reference.text
        template = self._all.get(name)
        # `streaming: {extends: streaming}` changes the built-in template of that name
        if name in self._built_in and template is not None and reference is template.get("extends"):
            template = self._built_in[name]
        if template is None:
            self._diagnostics.add(reference.location, f'no template "{name}".{did_you_mean(name, self._all)}')
        return template
