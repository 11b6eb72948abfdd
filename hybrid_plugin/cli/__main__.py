"""``python -m hybrid_plugin.cli``, the same as ``hybrid-ir``."""

from hybrid_plugin.cli.main import main

if __name__ == "__main__":
    main()
