"""The published sites as an API: OGC API - Features over what each site shows, and questions to the region."""
