"""A local App Store Connect: a real HTTP server to run workflows and tests against, without touching Apple.

`server.Sandbox` is what tests use, `cli.main` is `entrypoint.py sandbox`. A request passes, in this order,

    service    the chain: log, latency, faults, token, rate limit, contract
    routes     which endpoint a path means
    reading    what a GET answers: filter, sort, page, include
    document   how records look as JSON:API

over the `world`, a store of records whose types are declared in `resources/` and whose start a `seed`
describes. This package shares no code with `asc`: a mistake must not cancel itself out.
"""
