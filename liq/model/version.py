"""Which liq this is. ``pyproject.toml`` says the same; a test keeps them in step."""

VERSION = "0.1.0"
COMPILER = f"liq {VERSION}"
