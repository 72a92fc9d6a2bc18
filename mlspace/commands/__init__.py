"""One module per command: parse, ask the session, render. `run(context, argv)` returns the exit code."""
