"""What training makes small: one loss a file.

In: vectors of a batch's queries and passages. Out: a scalar with gradients.
"""
