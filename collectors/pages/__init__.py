"""Notice pages of local governments: each site is described in `resources/sites/<site>.yaml` and is the source `pages.<site>`."""
