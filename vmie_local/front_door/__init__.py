"""The public endpoint: every call is parsed, recorded, checked and then answered here or by moto."""
