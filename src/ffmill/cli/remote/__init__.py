"""What users' commands do with a service: upload, submit, follow, download, ask."""
