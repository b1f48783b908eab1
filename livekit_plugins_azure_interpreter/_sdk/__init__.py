"""The Azure SDK: the only package that imports it. Its threads copy and post; the loop does the rest."""
