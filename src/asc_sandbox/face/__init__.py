"""The sandbox's face: pages for a browser that show what a workflow did, and a form for faults.

They are no part of Apple's API: no token, no budget, no entry in the log. What is shown are frozen dataclasses, made
from the world (testflight, signing, traffic); `overview` and `app_page` turn them into HTML.
"""
