"""A fact about any whole number from -10^12 to 10^12, always at once.

store           chooses a fact among those of the numbers service, bundled.json and sentences
bundled.json    facts about 0 to 100, each with a source
sentences       facts that follow from arithmetic alone
number_theory   the functions that compute them
numbers_api     the numbers service: its cache and circuit breaker
http            one bounded request to a server that is not trusted
"""
