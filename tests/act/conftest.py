from support.act_fixtures import act, house, sandbox, strangers_repository

__all__ = ["act", "house", "sandbox", "strangers_repository"]
