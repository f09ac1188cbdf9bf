"""What belongs to no app and defines no models. Every app may import it."""
