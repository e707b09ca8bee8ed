"""milepost doctor: what will stand in the way of resuming, before a cent is spent."""
