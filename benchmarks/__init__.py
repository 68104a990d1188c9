"""`make bench`: what an import costs, how soon its end is seen, how heavy the functions are."""
