"""`flinkmock completion SHELL`: prints a script that completes commands, options and values."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SHELLS = ("bash", "zsh", "fish")
FILE_METAVARS = frozenset({"FILE", "PATH", "FILE-or-YAML", "JAR", "SCENARIO"})
"""Metavars whose values are files."""
POSITIONAL = ""
"""The key of positional arguments, which have no option."""


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "completion",
        help="print a completion script for bash, zsh or fish",
        description="Prints a script that completes commands, options, releases, scenarios and files.",
        examples=(
            'bash: eval "$(flinkmock completion bash)"  # in ~/.bashrc',
            'zsh:  eval "$(flinkmock completion zsh)"  # in ~/.zshrc, after compinit',
            "fish: flinkmock completion fish > ~/.config/fish/completions/flinkmock.fish",
        ),
    )
    parser.add_argument("shell", choices=SHELLS)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from flinkmock.cli import create_parser

    commands = list(_commands(create_parser(), ()))
    print({"bash": _bash_script, "zsh": _zsh_script, "fish": _fish_script}[args.shell](commands), end="")
    return 0


@dataclass(frozen=True, slots=True)
class Command:
    """A command, with what can follow it on the command line.

    Attributes:
        path: The words of the command: ("scenario", "check").
        subcommands: Names and descriptions.
        options: Names and descriptions, with an entry for each name of an option.
        values: The possible values of each option that takes a value, and of `POSITIONAL`; () if any text is possible.
        options_with_files: The options whose values are files, and `POSITIONAL` if positional arguments are files.
    """

    path: Sequence[str]
    subcommands: Mapping[str, str]
    options: Mapping[str, str]
    values: Mapping[str, Sequence[str]]
    options_with_files: frozenset[str]


def _commands(parser: argparse.ArgumentParser, path: tuple[str, ...]) -> Iterator[Command]:
    """Yield the command of a parser, whose words are `path`, and its subcommands."""
    subcommands: dict[str, str] = {}
    options: dict[str, str] = {}
    values: dict[str, Sequence[str]] = {}
    options_with_files: set[str] = set()
    subparsers: list[tuple[str, argparse.ArgumentParser]] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            help_by_name = {choice.dest: choice.help or "" for choice in action._choices_actions}
            subcommands = {name: help_by_name.get(name, "") for name in action.choices}
            subparsers = list(action.choices.items())
            continue
        names = list(action.option_strings) or [POSITIONAL]
        if action.option_strings and action.help != argparse.SUPPRESS:
            options |= dict.fromkeys(names, _short_help(action))
        if action.nargs != 0:
            values |= dict.fromkeys(names, tuple(_possible_values(action)))
            if action.metavar in FILE_METAVARS or (
                action.type is not None and getattr(action.type, "__name__", "") == "Path"
            ):
                options_with_files.update(names)
    yield Command(path, subcommands, options, values, frozenset(options_with_files))
    for name, subparser in subparsers:
        yield from _commands(subparser, (*path, name))


def _possible_values(action: argparse.Action) -> Sequence[str]:
    """Return the possible values of an option or argument; () if any text is possible."""
    from flinkmock.contract import known_releases
    from flinkmock.scenario.built_in import built_in_scenarios

    if action.choices is not None:
        return [str(choice) for choice in action.choices]
    if action.metavar == "RELEASE":
        return known_releases()
    if action.metavar == "SCENARIO":
        return list(built_in_scenarios())
    return ()


def _short_help(action: argparse.Action) -> str:
    """Return the help up to the first semicolon, colon or parenthesis, without apostrophes."""
    text = " ".join((action.help or "").split()).replace("%(default)s", str(action.default))
    return re.split(r"[;:(]", text)[0].strip().replace("'", "")


def _bash_script(commands: Sequence[Command]) -> str:
    lines = [
        "# bash completion of flinkmock",
        "_flinkmock() {",
        '    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path="" argument',
        '    for argument in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
        '        case "$path $argument" in',
        *(
            f'            "{_joined_path(command)}") path="{_joined_path(command)}" ;;'
            for command in commands
            if command.path
        ),
        "        esac",
        "    done",
        "    COMPREPLY=()",
        '    case "$path|$previous" in',
    ]
    for command in commands:
        for option, words in command.values.items():
            if option == POSITIONAL:
                continue
            reply = ""
            if words or option in command.options_with_files:
                reply = f"{_bash_reply(words, with_files=option in command.options_with_files)}; "
            lines.append(f'        "{_joined_path(command)}|{option}") {reply}return ;;')
    lines += ["    esac", '    case "$path" in']
    for command in commands:
        words = [*command.subcommands, *command.options, *command.values.get(POSITIONAL, ())]
        reply = _bash_reply(words, with_files=POSITIONAL in command.options_with_files)
        lines.append(f'        "{_joined_path(command)}") {reply} ;;')
    lines += ["    esac", "}", "complete -o filenames -F _flinkmock flinkmock", ""]
    return "\n".join(lines)


def _joined_path(command: Command) -> str:
    """Return the words of a command as the script joins them: " scenario check"."""
    return "".join(f" {word}" for word in command.path)


def _bash_reply(words: Sequence[str], *, with_files: bool) -> str:
    """Return the command that sets the completions: the words, and with `with_files` the names of files."""
    option = "-f " if with_files else ""
    return f"""COMPREPLY=($(compgen {option}-W "{" ".join(words)}" -- "$word"))"""


def _zsh_script(commands: Sequence[Command]) -> str:
    return "autoload -U +X bashcompinit && bashcompinit\n" + _bash_script(commands)


def _fish_script(commands: Sequence[Command]) -> str:
    lines = ["# fish completion of flinkmock", "complete -c flinkmock -f"]
    for command in commands:
        condition = _fish_condition(command)
        for name, text in command.subcommands.items():
            lines.append(f"complete -c flinkmock{condition} -a {name} -d '{_escaped(text)}'")
        for option, text in command.options.items():
            form = f" -l {option[2:]}" if option.startswith("--") else f" -s {option[1:]}"
            value = _fish_value_flags(command, option)
            lines.append(f"complete -c flinkmock{condition}{form}{value} -d '{_escaped(text)}'")
        if POSITIONAL in command.values:
            words = command.values[POSITIONAL]
            file_flag = " -F" if POSITIONAL in command.options_with_files else ""
            words_flag = f" -a '{' '.join(words)}'" if words else ""
            if file_flag or words_flag:
                lines.append(f"complete -c flinkmock{condition}{file_flag}{words_flag}")
    return "\n".join([*lines, ""])


def _fish_condition(command: Command) -> str:
    conditions = [f"__fish_seen_subcommand_from {word}" for word in command.path]
    if command.subcommands:
        conditions.append(f"not __fish_seen_subcommand_from {' '.join(command.subcommands)}")
    return f" -n '{'; and '.join(conditions)}'"


def _fish_value_flags(command: Command, option: str) -> str:
    if option not in command.values:
        return ""
    words = command.values[option]
    file_flag = " -F" if option in command.options_with_files else ""
    return " -r" + file_flag + (f" -a '{' '.join(words)}'" if words else "")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
