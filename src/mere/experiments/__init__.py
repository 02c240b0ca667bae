"""Grids of trainings that show the method's claims: runs, tables, figures."""
