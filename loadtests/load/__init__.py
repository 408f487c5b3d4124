"""The load test: Locust runs the users. Their results are measured, judged and reported."""
