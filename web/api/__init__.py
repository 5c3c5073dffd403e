"""The API: its routes, what they take and answer, and its OpenAPI description."""
