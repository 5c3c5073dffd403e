"""The API: routes, request bodies, predictions, and the OpenAPI document."""
