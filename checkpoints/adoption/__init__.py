"""From a warehouse to its first contract: what is measured, what is proposed, how it is written.

``measuring`` reads; ``columns``, ``lineage``, ``calendars`` and ``layers`` decide, and are pure;
``proposing`` asks in the order of the decisions; ``writing`` makes the text.
"""
