"""Make the storage and Apple agree, so that a team can sign its apps: plan, create, renew, import, revoke, move."""
