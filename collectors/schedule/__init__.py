"""When each source is asked next: by what its last runs brought, within limits of its kind."""
