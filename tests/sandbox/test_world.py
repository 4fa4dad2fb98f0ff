"""The store of records, for those who change it while the sandbox runs."""

from __future__ import annotations

import pytest

from asc_sandbox.resources import SCHEMA
from asc_sandbox.world import World, WorldError
from sandbox.client import Client
from support.sandbox import start_sandbox


def test_clients_see_what_is_changed() -> None:
    with start_sandbox() as sandbox:
        client, world = Client(sandbox), sandbox.world
        build = world.find("builds", "build-44")
        assert build is not None
        world.change(build, processingState="VALID")
        assert client.get("/v1/builds/build-44").document["data"]["attributes"]["processingState"] == "VALID"
        world.relate(build, "app", "1000000002")
        assert client.get("/v1/apps/1000000002/builds").ids() == ["build-44"]
        assert "build-44" not in client.get("/v1/apps/1000000001/builds").ids()
        world.remove(build)
        assert client.get("/v1/builds/build-44").status == 404
        assert client.get("/v1/apps/1000000002/builds").ids() == []
        new = world.add("builds", {"version": "99"}, {"app": "1000000002"})
        assert client.get("/v1/apps/1000000002/builds").ids() == [new.id]


def test_changes_keep_each_other() -> None:
    world = World(SCHEMA)
    app = world.add("apps", {"bundleId": "b"})
    build = world.add("builds", {"version": "1"})
    world.relate(build, "app", app.id)
    changed = world.change(build, expired=True)
    assert changed.attributes["version"] == "1"
    assert world.related(changed, "app") == [app]


def test_a_change_that_the_schema_does_not_allow_is_refused() -> None:
    world = World(SCHEMA)
    app = world.add("apps", {})
    with pytest.raises(WorldError, match="colour"):
        world.change(app, colour="red")
    with pytest.raises(WorldError, match="name"):
        world.change(app, name=1)
    with pytest.raises(WorldError, match="builds"):
        world.relate(app, "builds", [])
    with pytest.raises(WorldError, match="9"):
        world.add("builds", {}, {"app": "9"})
