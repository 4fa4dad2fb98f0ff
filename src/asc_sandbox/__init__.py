"""A local App Store Connect: a real HTTP server to run workflows and tests against, without touching Apple.

`server.Sandbox` is what tests use, `cli.main` is `entrypoint.py sandbox`. A request passes, in this order,

    service    the chain: log, latency, faults, token, rate limit, contract
    endpoints  which endpoint a path means
    reading    what a GET answers: filter, sort, page, include
    writing    what a POST, PATCH or DELETE makes, and `linking` for relationships
    document   how records look as JSON:API

over the `world`, a store of records whose types are declared in `resources/` and whose start a `seed`
describes. What Apple refuses and does by itself stands in `rules/`; what takes time stands in the `agenda`.
The parts of files go past all this, into `uploading/`.

This package shares no code with `asc`: a mistake must not cancel itself out.
"""
