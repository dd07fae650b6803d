"""What the pages that clawc serves have in common: who may ask, how a page looks, what a browser is allowed to do with it."""
