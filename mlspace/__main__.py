"""`python -m mlspace`: the same as `bin/mlspace`, from a clone also before anything was set up."""

import os
import sys


def main() -> int:
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    stub = os.path.join(root, "bin", "mlspace")
    try:
        import requests  # noqa: F401 - only to see whether this interpreter has what the project needs
    except ImportError:
        if os.path.exists(stub):  # a clone: its own interpreter has it, or will after the set-up
            os.execv(stub, [stub, *sys.argv[1:]])
        print("mlspace: error: the package requests is missing; install the project with pip", file=sys.stderr)  # noqa: T201
        return 1
    from mlspace.entry import main as run

    return run("mlspace", sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
