"""A file per rule: parameters, judgement, words."""
