"""Schemas of the responses. A field is a column of the resource's view in the schema `api`.

Numbers are null if nothing was measured. Units are part of the names; descriptions give what a name cannot.
"""
