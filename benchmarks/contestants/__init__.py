"""The other tools: what each is told of the same rules, and how its verdicts are read."""
