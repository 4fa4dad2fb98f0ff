"""Small real files to try things with: apps (.ipa), packages (.pkg) and provisioning profiles."""

from asc_sandbox.samples.ipa import make_ipa
from asc_sandbox.samples.pkg import make_pkg
from asc_sandbox.samples.profile import make_profile

__all__ = ["make_ipa", "make_pkg", "make_profile"]
