"""The manual of the contract: its JSON Schema, and the page that people read."""
