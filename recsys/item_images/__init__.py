"""Pictures of items: found beside the data, made small once, refused where they could do harm."""
