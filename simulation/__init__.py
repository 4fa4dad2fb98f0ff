"""A busy organisation: many jobs of one team at once, on one key, against one sandbox whose clock runs fast.

Nothing of a job is played: each is a process that runs a command as a step does, by the rules that users get, on a
clock that it shares with the sandbox. At a speed of 10 an hour takes six minutes, and 300 ms of work counts as 3 s.
"""
