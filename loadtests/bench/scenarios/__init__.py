"""The scenarios. Each is a module with a function `measure` that returns records."""
