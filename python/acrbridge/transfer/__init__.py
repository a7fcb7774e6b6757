"""The copy engine: two places that hold content, and the walk between them; knows no Azure."""
