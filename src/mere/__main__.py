"""``python -m mere``: the command line where no script is installed."""

from mere.cli.main import main

main()
