"""TestFlight: give builds to testers. Read the state, plan the changes from a request, make them."""
