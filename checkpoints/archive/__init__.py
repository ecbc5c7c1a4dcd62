"""What is kept of every run: report, sign-off, remediation records; and where."""
