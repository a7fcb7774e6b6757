"""The only door to the network: trust, proxies, deadlines, retries and redaction."""
