"""The contestants of the evidence by name, and how the tables write them. Pure."""

from __future__ import annotations

OURS = "presence query"
COUNTS = "counts per pair"
SETS = "key sets per rule"
SETS_PER_PAIR = "key sets per pair"
FLOOR = "count distinct per table"
DAILY = "daily count distinct per table"
BARE = "bare scan"

CONTESTANTS = (OURS, COUNTS, SETS, SETS_PER_PAIR, DAILY, FLOOR, BARE)

LETTERS = {
    OURS: "**presence query**",
    COUNTS: "(a) counts per pair",
    SETS: "(b) key sets, a query per rule",
    SETS_PER_PAIR: "(b′) key sets, a query per pair",
    DAILY: "(c) daily count distinct per table",
    FLOOR: "(c′) count distinct without dates",
    BARE: "(d) bare scan of two columns",
}
