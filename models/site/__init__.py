"""The site as code: its YAML files read, checked and typed. `models.site.loading.load_site` is the way in."""
