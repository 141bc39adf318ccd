"""What fixed features are worth where labels are few."""
