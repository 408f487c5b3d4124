"""The load test: Locust runs the users; their results are measured, judged and reported."""
