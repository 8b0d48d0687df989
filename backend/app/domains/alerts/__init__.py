"""What needs somebody's eye: one pipeline from every source to an alert, its people and its messages."""
