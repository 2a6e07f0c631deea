"""How devices speak: formats and profiles turn what arrives on a wire into signals."""
