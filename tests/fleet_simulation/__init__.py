"""A day of a company's meetings, in virtual time: the real code decides, and all around it is a fake."""
