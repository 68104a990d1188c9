"""ImportInstance and ImportVolume: what an import manifest names becomes an instance or a volume."""
