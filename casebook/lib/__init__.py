"""Code that belongs to no app and defines no models. Every app can import it."""
