"""What is deployed is held to what is built: images, compose, Kubernetes, nginx, dashboards, alerts."""
