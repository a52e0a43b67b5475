"""What people look at: the figures behind a report, their pictures, and one file of HTML."""
