"""`python -m honmono`, the same as the command `honmono`."""

from honmono.cli import main


if __name__ == "__main__":
    main()
