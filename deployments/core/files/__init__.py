"""Changing the contents of files: substitution, structured values, .NET configuration, transforms."""
