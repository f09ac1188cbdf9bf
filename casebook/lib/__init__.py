"""What every app may use: no models, nothing of one app."""
