"""`python -m streams.transport.embedded.repair DIRECTORY`: save what can be read of a damaged embedded log."""

import sys
from pathlib import Path

from streams.transport.embedded.errors import LogError
from streams.transport.embedded.opening import repair_directory


def main(arguments: list[str]) -> int:
    """Exit status 0 when the directory was rebuilt, 1 when that failed, 2 when it was not named."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write(f"{__doc__}\n")
        return 2
    directory = Path(arguments[0]).resolve()
    try:
        copy = repair_directory(directory)
    except LogError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{directory} was rebuilt; as it was before, it is in {copy}. What was lost stands in its LOG.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
