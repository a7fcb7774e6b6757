"""JSON-RPC 2.0 over standard input and output, for a client that keeps one engine for many requests."""
