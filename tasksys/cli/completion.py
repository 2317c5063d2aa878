"""`tasksys completion`: the script that makes a shell complete our commands and options."""

import click
from click.shell_completion import get_completion_class

from tasksys.cli import output

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash: tasksys completion bash > ~/.local/share/bash-completion/completions/tasksys
    zsh:  tasksys completion zsh > ~/.zfunc/_tasksys        (a folder of your $fpath)
    fish: tasksys completion fish > ~/.config/fish/completions/tasksys.fish
    """
    made = get_completion_class(shell)
    assert made is not None
    root = context.find_root()
    output.plain(made(root.command, {}, "tasksys", "_TASKSYS_COMPLETE").source())


COMMANDS = (completion,)
