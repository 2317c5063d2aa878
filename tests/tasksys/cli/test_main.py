"""The program as such: help, version, completion, and how errors end it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from tasksys.cli.failures import Exit, Failure, unexpected
from tasksys.cli.main import cli, main
from tests.support.serving import COMMAND, environment
from tests.tasksys.cli.conftest import errors, invoke
from tests.tasksys.cli.scripted import Scripted, Step


def commands(group: click.Group = cli, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with the words that call it."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield (*path, name), command


ALL = dict(commands())


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_option_is_an_environment_variable_and_help_says_so(words: tuple[str, ...]) -> None:
    """No option can be set on the command line only, and every command says what it does."""
    shown = " ".join(invoke(*words, "--help").stdout.split())
    options = [
        one for one in ALL[words].params if isinstance(one, click.Option) and one.name != "help" and not one.hidden
    ]
    assert shown.count("[env var:") == len(options)
    assert all(one.show_envvar and one.help for one in options)
    assert all(str(one.envvar or "TASKSYS_").startswith("TASKSYS_") for one in options)
    assert ALL[words].help


def test_the_sections_of_help_hold_every_command() -> None:
    """A new command does not stay unknown."""
    shown = invoke("--help").stdout
    for name in cli.commands:
        assert f"\n  {name} " in shown


def test_what_commands_do_is_not_cut_in_the_middle() -> None:
    """Help shows whole phrases on a terminal of 80 columns."""
    shown = invoke("--help").stdout.partition("\n")[2]
    assert "..." not in shown
    assert "  postpone  Put a task off.\n" in shown


def test_the_version_is_the_packages() -> None:
    """`--version` names program and version."""
    assert invoke("--version").stdout == "tasksys 0.1.0\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_the_shells_script(shell: str) -> None:
    """The script asks the program by the variable that click looks for."""
    assert f"_TASKSYS_COMPLETE={shell}_complete" in invoke("completion", shell).stdout


def test_completion_completes() -> None:
    """What a shell's script asks for is answered."""
    asked = environment(_TASKSYS_COMPLETE="bash_complete", COMP_WORDS="tasksys work", COMP_CWORD="1")
    ended = subprocess.run(COMMAND, capture_output=True, text=True, check=True, env=asked, timeout=60)
    assert ended.stdout.splitlines() == ["plain,workspace", "plain,workspaces"]


def test_completion_knows_what_a_group_can_do() -> None:
    """The commands of a group, and the values that an argument takes."""
    for words, answered in (
        ("tasksys member ", ["plain,list", "plain,remove", "plain,set"]),
        ("tasksys link add paint blocked", ["plain,blocked-by"]),
    ):
        count = str(len(words.split(" ")) - 1)
        asked = environment(_TASKSYS_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=count)
        ended = subprocess.run(COMMAND, capture_output=True, text=True, check=True, env=asked, timeout=60)
        assert ended.stdout.splitlines() == answered


def test_an_environment_variable_is_named_as_its_option() -> None:
    """`move --after` has TASKSYS_MOVE_AFTER, whatever the function calls it."""
    for path, command in commands():
        context = click.Context(command, auto_envvar_prefix="_".join(["TASKSYS", *path]).upper().replace("-", "_"))
        for parameter in command.params:
            if isinstance(parameter, click.Option) and "--help" not in parameter.opts:
                flag = max(parameter.opts, key=len).lstrip("-").replace("-", "_").upper()
                for variable in parameter.get_help_extra(context).get("envvars", ()):
                    assert variable.endswith(f"_{flag}"), (path, variable)
    assert "TASKSYS_MOVE_AFTER" in invoke("move", "--help").stdout
    assert "nonsense" in errors(invoke("export", code=Exit.USAGE, TASKSYS_EXPORT_FORMAT="nonsense"))


def test_an_unknown_command_or_option_is_a_usage_error() -> None:
    """Exit code 2 and a word about where to look."""
    assert "No such command 'sing'" in errors(invoke("sing", code=Exit.USAGE))
    assert "No such option" in errors(invoke("list", "--loud", code=Exit.USAGE))


def test_an_unforeseen_error_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its kind and words, how to see more, and exit code 1; with --debug, where it comes from."""

    def broken(*_: object) -> None:
        raise RuntimeError("the cat is on the keyboard")

    monkeypatch.setattr("tasksys.cli.options.Session", broken)
    said = errors(invoke("workspaces", code=Exit.FAILED))
    assert said.startswith("Error: RuntimeError: the cat is on the keyboard. Run `tasksys --debug")
    result = CliRunner().invoke(cli, ["--debug", "workspaces"], prog_name="tasksys")
    assert result.exit_code == Exit.FAILED
    assert "Traceback" in result.stderr
    assert "in broken" in result.stderr


def test_with_json_an_error_is_json() -> None:
    """Problems of the server keep what they say; other errors have a code too."""
    problem = {"code": "invalid", "detail": "Bad.", "errors": [{"pointer": "/x", "detail": "Bad."}]}
    with Scripted(Step(problem, 422)) as server:
        asked = ("workspaces", "--json", "--server", server.url)
        assert json.loads(invoke(*asked, code=1).stderr) == {"error": problem}
    unreachable = json.loads(invoke(*asked, code=Exit.UNREACHABLE).stderr)["error"]
    assert unreachable["code"] == "unreachable"
    usage = json.loads(invoke("undo", "x", "1", "--position", "1", "--json", code=Exit.USAGE).stderr)["error"]
    assert (usage["code"], "one position" in usage["detail"]) == ("usage", True)


def test_a_failure_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters in what a server says are left out."""
    Failure("red \x1b[31malert\x07\nnext line").show()
    assert capsys.readouterr().err == "Error: red [31malert\nnext line\n"


def test_an_unexpected_error_keeps_its_words() -> None:
    """The message is what the exception said."""
    assert "KeyError: 'x'" in unexpected(KeyError("x")).message


def test_the_entry_point_runs_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """`tasksys` is this function."""
    monkeypatch.setattr("sys.argv", ["tasksys", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
