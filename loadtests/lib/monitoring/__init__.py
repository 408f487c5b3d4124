"""What a running deployment says and uses while a load runs: sampled about once a second.

`python -m loadtests.lib.monitoring` writes a line of JSON for each sample, in its own process, so
that no load generator waits for it. Everything that is made of such a file is pure (`series`,
`flatness`); reports and the soak read it.
"""
