"""The links to archives, asked for anew when they are over: one request renews those of many builds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from asc.api.client import Client
from asc.builds.symbols.model import Build
from asc.builds.symbols.selecting import AT_ONCE, refreshed

log = logging.getLogger(__name__)


class Links:
    """The newest links of the bundles of `builds`. Safe to use from several threads."""

    def __init__(self, client: Client, builds: Sequence[Build]) -> None:
        self._client = client
        self._groups = [builds[start : start + AT_ONCE] for start in range(0, len(builds), AT_ONCE)]
        self._urls = _urls(builds)
        self._lock = threading.Lock()

    def url(self, bundle_id: str) -> str:
        """The link of a bundle, by its id in the API."""
        return self._urls[bundle_id]

    def renewed(self, bundle_id: str, over: str) -> str:
        """A link that is not `over`: one that another thread asked for meanwhile, or a new one."""
        with self._lock:
            if self._urls[bundle_id] == over:
                log.debug("A link is over; asking for new ones")
                group = next(group for group in self._groups if bundle_id in _urls(group))
                self._urls.update(_urls(list(refreshed(self._client, group).values())))
            return self._urls[bundle_id]


def _urls(builds: Sequence[Build]) -> dict[str, str]:
    return {bundle.id: bundle.url for build in builds for bundle in build.bundles if bundle.url}
