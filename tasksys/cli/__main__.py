"""`python -m tasksys.cli` is `tasksys`."""

from tasksys.cli.main import main

main()
