"""What a running deployment says and uses while a load runs: sampled about once a second.

`python -m loadtests.sampling` writes a line of JSON for each sample, in a process of its own, so
that no load generator waits for it. Everything that is made of such a file is pure (`series`,
`flatness`); reports and the soak read it.
"""
