"""What a load or a replay measured, second by second, and the limits it is judged by. Pure."""
