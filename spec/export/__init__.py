"""What is written from the grammar and the tables: decoding grammars, schemas, the language card, reference pages.

Every module is a pure function from the tables to text.
"""
