"""`flinkmock completion SHELL`: prints a script that completes commands, options and values."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SHELLS = ("bash", "zsh", "fish")
FILE_METAVARS = frozenset({"FILE", "PATH", "FILE-or-YAML", "JAR", "SCENARIO"})
"""Metavars whose values are files or folders."""
RELEASE_METAVARS = frozenset({"RELEASE", "OLD", "NEW"})
"""Metavars whose values are releases."""
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
        options_with_optional_value: The options that can be used with or without a value.
    """

    path: Sequence[str]
    subcommands: Mapping[str, str]
    options: Mapping[str, str]
    values: Mapping[str, Sequence[str]]
    options_with_files: frozenset[str]
    options_with_optional_value: frozenset[str]


def _commands(parser: argparse.ArgumentParser, path: tuple[str, ...]) -> Iterator[Command]:
    """Yield the command of a parser, whose words are `path`, and its subcommands."""
    subcommands: dict[str, str] = {}
    options: dict[str, str] = {}
    values: dict[str, Sequence[str]] = {}
    options_with_files: set[str] = set()
    options_with_optional_value: set[str] = set()
    subparsers: list[tuple[str, argparse.ArgumentParser]] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            help_by_name = {choice.dest: _short_help(choice) for choice in action._choices_actions}
            subcommands = {name: help_by_name.get(name, "") for name in action.choices}
            subparsers = list(action.choices.items())
            continue
        names = list(action.option_strings) or [POSITIONAL]
        if action.option_strings and action.help != argparse.SUPPRESS:
            options |= dict.fromkeys(names, _short_help(action))
        if action.nargs != 0:
            for name in names:  # a command can have several positional arguments
                values[name] = tuple(dict.fromkeys([*values.get(name, ()), *_possible_values(action)]))
            if action.metavar in FILE_METAVARS or (
                action.type is not None and getattr(action.type, "__name__", "") == "Path"
            ):
                options_with_files.update(names)
        if action.option_strings and action.nargs == argparse.OPTIONAL:
            options_with_optional_value.update(names)
    yield Command(
        path, subcommands, options, values, frozenset(options_with_files), frozenset(options_with_optional_value)
    )
    for name, subparser in subparsers:
        yield from _commands(subparser, (*path, name))


def _possible_values(action: argparse.Action) -> Sequence[str]:
    """Return the possible values of an option or argument; () if any text is possible."""
    from flinkmock.contract import known_releases
    from flinkmock.scenario.built_in import built_in_scenarios

    if action.choices is not None:
        return [str(choice) for choice in action.choices]
    if action.metavar in RELEASE_METAVARS:
        return known_releases()
    if action.metavar == "SCENARIO":
        return list(built_in_scenarios())
    return ()


def _short_help(action: argparse.Action) -> str:
    """Return the help up to the first semicolon or parenthesis."""
    text = " ".join((action.help or "").split()).replace("%(default)s", str(action.default))
    return re.split(r"; | \(", text)[0]


def _bash_script(commands: Sequence[Command]) -> str:
    """Return a script for bash 3.2 or later.

    In zsh, bashcompinit runs it. Therefore no variable is called `path`, which is `$PATH` in zsh, and `$((…))` is
    needed after a colon.
    """
    lines = [
        "# bash completion of flinkmock",
        "_flinkmock_reply() {",
        "    local reply",
        '    while IFS= read -r reply; do COMPREPLY+=("$reply"); done < <(compgen "$@" -- "$word")',
        "}",
        "_flinkmock() {",
        '    local word="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" called="" argument',
        '    for argument in "${COMP_WORDS[@]:1:$((COMP_CWORD-1))}"; do',
        '        case "$called $argument" in',
        *(f'            "{name}") called="{name}" ;;' for name in map(_joined_path, commands) if name),
        "        esac",
        "    done",
        "    COMPREPLY=()",
        '    case "$called|$previous" in',
    ]
    for command in commands:
        for option, words in command.values.items():
            if option == POSITIONAL:
                continue
            reply = "return"
            if words or option in command.options_with_files:
                reply = f"{_bash_reply(words, with_files=option in command.options_with_files)}; return"
            if option in command.options_with_optional_value:
                reply = f"[[ $word == -* ]] || {{ {reply}; }}"
            lines.append(f'        "{_joined_path(command)}|{option}") {reply} ;;')
    lines += ["    esac", '    case "$called" in']
    for command in commands:
        words = [*command.subcommands, *command.options, *command.values.get(POSITIONAL, ())]
        reply = _bash_reply(words, with_files=POSITIONAL in command.options_with_files)
        lines.append(f'        "{_joined_path(command)}") {reply} ;;')
    lines += ["    esac", "}", "complete -o filenames -F _flinkmock flinkmock", ""]
    return "\n".join(lines)


def _joined_path(command: Command) -> str:
    """Return the words of a command as the scripts join them: " scenario check"."""
    return "".join(f" {word}" for word in command.path)


def _bash_reply(words: Sequence[str], *, with_files: bool) -> str:
    """Return the command that adds the completions: the words, and with `with_files` the names of files."""
    return f"_flinkmock_reply {'-f ' if with_files else ''}-W '{' '.join(words)}'"


def _zsh_script(commands: Sequence[Command]) -> str:
    return "autoload -U +X bashcompinit && bashcompinit\n" + _bash_script(commands)


def _fish_script(commands: Sequence[Command]) -> str:
    names = " ".join(f"'{name}'" for name in map(_joined_path, commands) if name)
    lines = [
        "# fish completion of flinkmock",
        "function __flinkmock_called --description 'Whether exactly this command precedes the cursor'",
        "    set -l words (commandline -opc)",
        "    set -e words[1]",
        "    set -l called ''",
        "    for word in $words",
        '        switch "$called $word"',
        f"            case {names}",
        '                set called "$called $word"',
        "        end",
        "    end",
        """    test "$called" = "$argv[1]\"""",
        "end",
        "complete -c flinkmock -f",
    ]
    for command in commands:
        condition = f""" -n '__flinkmock_called "{_joined_path(command)}"'"""
        for name, text in command.subcommands.items():
            lines.append(f"complete -c flinkmock{condition} -a {name}{_fish_description(text)}")
        for option, text in command.options.items():
            form = f" -l {option[2:]}" if option.startswith("--") else f" -s {option[1:]}"
            value = _fish_value_flags(command, option)
            lines.append(f"complete -c flinkmock{condition}{form}{value}{_fish_description(text)}")
        if POSITIONAL in command.values:
            words = command.values[POSITIONAL]
            file_flag = " -F" if POSITIONAL in command.options_with_files else ""
            words_flag = f" -a '{' '.join(words)}'" if words else ""
            if file_flag or words_flag:
                lines.append(f"complete -c flinkmock{condition}{file_flag}{words_flag}")
    return "\n".join([*lines, ""])


def _fish_value_flags(command: Command, option: str) -> str:
    if option not in command.values:
        return ""
    words = command.values[option]
    with_files, is_optional = option in command.options_with_files, option in command.options_with_optional_value
    # -f: no files, even if the positional arguments are files
    flags = ("" if is_optional else " -r") + (" -F" if with_files else " -f")
    return flags + (f" -a '{' '.join(words)}'" if words else "")


def _fish_description(text: str) -> str:
    if not text:
        return ""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f" -d '{escaped}'"
