"""Bringing the store and Apple into the state “this team can sign these apps”."""
