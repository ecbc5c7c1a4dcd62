"""Notifications: what people are told of an incident, and a file per kind of notifier."""
