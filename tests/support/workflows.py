"""The workflow of the act tests: the action, a step after it, and a job after it."""

WORKFLOW = """
on: workflow_dispatch
jobs:
  number:
    runs-on: ubuntu-latest
    outputs:
      next: ${{ steps.build.outputs.next-build-number }}
    steps:
      - uses: actions/checkout@v7
      - id: build
        uses: THE-ACTION
        with:
          THE-COMMAND
          api-key: ${{ secrets.ASC_API_KEY }}
          bundle-id: THE-APP
      - run: echo "a later step sees ${{ steps.build.outputs.next-build-number }}"
  release:
    needs: number
    runs-on: ubuntu-latest
    steps:
      - run: echo "a later job sees ${{ needs.number.outputs.next }}"
"""


def workflow(action: str, *, app: str = "com.example.app", command: str = "") -> str:
    """A workflow that asks an action for the next build number of an app."""
    line = f"command: {command}" if command else "platform: ios"
    return WORKFLOW.replace("THE-ACTION", action).replace("THE-APP", app).replace("THE-COMMAND", line)
