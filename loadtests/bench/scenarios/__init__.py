"""The scenarios, one module each, with a function `measure` that returns records."""
