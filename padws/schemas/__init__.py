"""The shape and size of what comes in and goes out, and the source of the OpenAPI document."""
