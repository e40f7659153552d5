"""The studio's tabs, one file each: their pages, and what the pages' scripts ask for."""
