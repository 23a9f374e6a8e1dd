"""Run the command line as ``python -m autotrain_dsl``."""

from autotrain_dsl.cli.main import run

if __name__ == "__main__":
    run()
