"""Where: coordinates, the grid, the nearest help, and the maps people print. Takes values, returns values."""
