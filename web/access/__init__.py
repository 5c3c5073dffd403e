"""API keys, rate limits, security headers, and other origins."""
