"""What the API can be asked, one module for each matter."""
