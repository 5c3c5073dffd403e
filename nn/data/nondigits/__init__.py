"""Non-digits: groups of them, pieces of digits, invented characters, shapes and scribbles."""
