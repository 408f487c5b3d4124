"""`make chaos`: a whole deployment on hosts of its own, people who talk, and faults meanwhile."""
