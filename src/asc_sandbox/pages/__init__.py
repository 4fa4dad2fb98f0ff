"""Pages for a browser: they show the effects of a workflow, and a form for faults.

The pages are not part of Apple's API: they need no token, use no budget, and leave no entry in the log. `views`
reads the world, and `overview` and `app_page` turn the views into HTML.
"""
