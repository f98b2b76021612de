"""Templates: what a job takes over from those it extends. Mappings are merged, all else is replaced."""

from __future__ import annotations

from collections.abc import Container, Mapping

from flinkmock.cluster.states import scheduler_of
from flinkmock.errors import did_you_mean
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode


def merged(over: YamlNode, base: YamlNode) -> YamlNode:
    """`over` laid on `base`. What `over` says comes first, so that its rules are asked first."""
    if not isinstance(over.value, dict) or not isinstance(base.value, dict):
        return over
    items = {key: merged(node, base.items[key]) if key in base.items else node for key, node in over.items.items()}
    rest = {key: node for key, node in base.items.items() if key not in items}
    return YamlNode(over.place, {**items, **rest}, keys={**(base.keys or {}), **(over.keys or {})})


def complete(templates: Mapping[str, Templates], configured: str | None, job: YamlNode) -> tuple[YamlNode, str]:
    """The job with everything that it takes over, and the scheduler that has it, which its kind decides.

    Args:
        templates: by scheduler, since the built-in ones live as their scheduler lets them.
        configured: the scheduler of the cluster.
    """
    whole = templates["default"].job(job)
    kind = whole.get("type")
    scheduler = scheduler_of(configured, "BATCH" if kind is not None and kind.value == "batch" else "STREAMING")
    return (whole if scheduler == "default" else templates[scheduler].job(job)), scheduler


class Templates:
    """The templates of a scenario over the built-in ones."""

    def __init__(self, own: dict[str, YamlNode], built_in: dict[str, YamlNode], mistakes: Diagnostics) -> None:
        self._own = own
        self._built_in = built_in
        self._mistakes = mistakes
        self._known = {**built_in, **own}

    def job(self, node: YamlNode) -> YamlNode:
        """The job with everything that it takes over, and without a word of whom from."""
        if isinstance(node.value, str):
            node = YamlNode(node.place, {"extends": node}, keys={"extends": node.place})
        return self._complete(node, ())

    def sound(self, node: YamlNode, broken: Container[str]) -> bool:
        """Whether a job is made from none of the `broken` templates."""
        seen: set[str] = set()
        word = node if isinstance(node.value, str) else self._word(node)
        while word is not None and word.text in self._own and word.text not in seen:
            if word.text in broken:
                return False
            seen.add(word.text)
            word = self._word(self._own[word.text])
        return True

    def named_by(self, node: YamlNode) -> str | None:
        """The scenario's own template that a job is made from, if it has a template of its own."""
        word = self._word(node) if node.items else node
        return word.text if word is not None and word.text in self._own else None

    def _complete(self, node: YamlNode, above: tuple[YamlNode, ...]) -> YamlNode:
        own = YamlNode(
            node.place,
            {key: value for key, value in node.items.items() if key != "extends"},
            keys=node.keys,
        )
        word = self._word(node)
        if word is not None:
            base = self._template(word, above)
        elif any(node is root for root in self._built_in.values()):
            return own
        else:
            kind = node.get("type")
            base = self._built_in["batch" if kind is not None and kind.value == "batch" else "streaming"]
        if base is None:
            base = self._built_in["streaming"]  # something to go on with: the mistake is told anyway
        if any(base is other for other in (*above, node)):
            self._mistakes.add(word.place if word else node.place, "this template extends itself in the end.")
            base = self._built_in["streaming"]
        return merged(own, self._complete(base, (*above, node)))

    def _template(self, word: YamlNode, above: tuple[YamlNode, ...]) -> YamlNode | None:
        name = word.text
        found = self._known.get(name)
        # `streaming: {extends: streaming}` changes the built-in template of that name
        if name in self._built_in and found is not None and word is self._word(found):
            found = self._built_in[name]
        if found is None:
            self._mistakes.add(word.place, f'no template "{name}".{did_you_mean(name, self._known)}')
        return found

    @staticmethod
    def _word(node: YamlNode) -> YamlNode | None:
        return node.get("extends")
