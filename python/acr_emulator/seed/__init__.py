"""Seeds: what a state holds at the start, from YAML and from OCI image layouts."""
