"""``python -m cosmati``."""

from cosmati.cli import main

raise SystemExit(main())
