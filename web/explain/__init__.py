"""What `include` adds to an answer: how the network came to it."""
