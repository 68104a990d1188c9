"""AWS on one machine: moto, plus what moto lacks."""
