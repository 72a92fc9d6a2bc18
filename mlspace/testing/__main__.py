"""`python -m mlspace.testing`."""

from __future__ import annotations

import argparse
import os
import sys

from mlspace.errors import MlspaceError
from mlspace.testing.door import DESCRIPTION, add_arguments, serve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "python -m mlspace.testing"


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog=PROGRAM, description=DESCRIPTION, allow_abbrev=False)
    add_arguments(parser)
    try:
        return serve(PROGRAM, parser.parse_args(words), os.environ)
    except MlspaceError as error:
        sys.stderr.write("".join(f"mlspace.testing: error: {line}\n" for line in error.lines))
        return error.exit_code


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # threads in the middle of an answer are not waited for
