"""What is there, date by date and dataset by dataset, and what the checks make of it. Pure."""
