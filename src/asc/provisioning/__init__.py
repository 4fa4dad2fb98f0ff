"""The resources at Apple that signing needs: bundle ids, capabilities, devices, certificates and profiles."""
