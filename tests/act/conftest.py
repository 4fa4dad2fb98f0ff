from support.act_fixtures import act, cache, house, sandbox, strangers_repository, tools

__all__ = ["act", "cache", "house", "sandbox", "strangers_repository", "tools"]
