"""The load test: Locust runs the people; what they meet is measured, judged and written down."""
