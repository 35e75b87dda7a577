"""`python -m core`: the command line."""

from core.cli import main
from core.dynamo import postpone_compiler

postpone_compiler()
main()
