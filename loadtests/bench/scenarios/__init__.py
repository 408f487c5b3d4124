"""What is measured, one module each. `measure` takes the backends and sizes, returns records."""
