"""What is measured: one module each, which says what it takes and returns records."""
