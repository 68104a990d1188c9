"""`python -m vmie_local.demo [IMAGE]`."""

import sys

from vmie_local.demo.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
