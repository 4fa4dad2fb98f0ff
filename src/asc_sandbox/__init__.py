"""A local App Store Connect: a real HTTP server to run workflows and tests against, without touching Apple.

Tests use `server.Sandbox`; the command line uses `cli.main` (`entrypoint.py sandbox`). A request passes these
modules, in this order:

    service    the chain: log, latency, faults, token, rate limit, contract
    endpoints  find the endpoint of a path
    reading    answer a GET: filter, sort, page, include
    writing    serve a POST, PATCH or DELETE, and `linking` for relationships
    document   write records as JSON:API

The `world` stores the records, `resources/` declares their types, and a `seed` gives the records of the start.
`rules/` holds Apple's refusals and automatic changes, and the `agenda` holds changes that take time. Requests for
parts of files go to `uploading/` directly.

This package shares no code with `asc`: a mistake must not cancel itself out.
"""
