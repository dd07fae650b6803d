"""The one layout of specs: text to text, with the same tokens and comments before and after. Start in `formatting.py`."""
