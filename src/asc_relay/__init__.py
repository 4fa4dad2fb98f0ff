"""The relay: gets the events of App Store Connect and starts workflows of GitHub with them (docs/webhooks.md).

Read it in this order: `relay` answers a request, `events` verifies and reads an event, `details` asks App Store Connect
about it, `seen` remembers the events that were handed on, `github` hands one on. `server` and `function` bring requests
from a socket and from AWS Lambda, `settings` reads the environment.
"""
