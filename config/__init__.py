"""What configures the project: settings, the environment, the entry points, the embedded services."""
