"""Runs to look at: `index.py` keeps what is shown of them, `app.py` serves it, `folder.py` writes it as files to share."""
