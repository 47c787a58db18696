"""How an answer looks in a terminal."""
