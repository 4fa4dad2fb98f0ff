"""What Apple has of a team's signing: certificates, bundle ids, devices and profiles."""
