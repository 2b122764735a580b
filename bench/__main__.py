"""``python -m bench [--quick]`` runs the measurements."""

import sys

from bench import memory

sys.exit(memory.main(quick="--quick" in sys.argv))
