"""Commands for people; each is a console script of the wheel."""
