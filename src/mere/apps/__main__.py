"""``python -m mere.apps``: the command line where no script is installed."""

from mere.apps.cli import main

main()
