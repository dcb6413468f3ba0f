"""``python -m liq`` is ``liq``."""

from liq.cli.main import main

if __name__ == "__main__":
    main()
