"""The sandbox's face: pages for a browser that show what a workflow did, and a form for faults.

They are no part of Apple's API: no token, no budget, no entry in the log. `seen` makes what is shown from the world,
`overview` and `app_page` turn it into HTML.
"""
