"""`python -m app.cli`: the same command for the children that `cloudops up` starts."""

from app.cli import main

main()
