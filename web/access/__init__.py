"""Who may ask, how often, from where, and what browsers are told to forbid."""
