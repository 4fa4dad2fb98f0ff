from support.act_fixtures import tools

__all__ = ["tools"]
